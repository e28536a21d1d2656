/** Every state that a thread can be in explains itself. */
import { describe, expect, it } from 'vitest';
import { statusOf, threadContextOf } from '../../machines/charts.ts';
import { failure } from '../../machines/domain/error.ts';
import { DEADLINES_MS } from '../../machines/domain/timer.ts';
import { pathOf, whyOf, type Why, type WhySource } from '../../machines/domain/why.ts';
import { canOf } from '../../machines/domain/can.ts';
import { connectionMachine } from '../../machines/connection.machine.ts';
import { THREAD_STATES, TURN_STATES } from '../../machines/domain/why-phrases.ts';
import { threadMachine } from '../../machines/thread.machine.ts';
import { turnMachine } from '../../machines/turn.machine.ts';
import { requestRowOf, threadRowOf, turnRowOf } from '../helpers/why-rows.ts';
import { requestsOf } from './canonical.ts';
import type { Bounds } from './environment.ts';
import { explore, wayTo, written, type State } from './explore.ts';

const AT = 1_000_000;

/** The state as the runtime would show it to a client. */
function sourceOf({ charts, timers }: State): WhySource {
  const { root, connection, turn } = charts;
  const { activeTurn, queue, archived, link } = threadContextOf(root);
  const { status } = statusOf(root);
  const tags = [root, connection, turn].flatMap((chart) =>
    chart?.status === 'active' ? [...chart.tags] : [],
  );
  const lastError = status === 'error' || status === 'stopped' ? failure('CONNECTION_LOST', '') : null;
  const turnId = activeTurn?.turnId ?? null;
  const requests = [connection, turn].flatMap((chart) =>
    Object.entries(requestsOf(chart)).map(([id, request]) =>
      requestRowOf(id, request.status, { owner: chart === turn ? 'turn' : 'connection' }),
    ),
  );
  return {
    thread: threadRowOf({ status, activeTurnId: turnId, archived, lastError }),
    machine: {
      status,
      activeTurnId: turnId,
      value: root.value,
      tags,
      can: canOf(
        { root, context: threadContextOf(root), ...(connection && { connection }), ...(turn && { turn }) },
        requests,
      ),
      children: { ...(connection && { connection: connection.value }), ...(turn && { turn: turn.value }) },
      timers: Object.values(timers).map(({ name, owner }) => ({
        name,
        owner,
        armedAt: AT,
        dueAt: AT + DEADLINES_MS.stall,
        idle: name === 'turn.stalled',
      })),
      closing: link.phase === 'none' ? null : link.closing,
    },
    turn: activeTurn === null ? null : turnRowOf(activeTurn.turnId, { origin: activeTurn.origin }),
    items: [],
    requests,
    queue,
  };
}

/** To a few of them. */
const waysTo = (found: readonly { readonly state: State }[]): string[] =>
  found.slice(0, 3).map(({ state }) => written(wayTo(state)));

const NOTHING = { prompts: 0, requests: 0, sideRequests: 0, sideTurns: 0, nativeSteer: false };

/** Enough of the last one to meet each of its states. */
const WORLDS: readonly { readonly name: string; readonly bounds: Bounds; readonly most?: number }[] = [
  {
    name: 'one prompt and one request, steers as new attempts',
    bounds: { ...NOTHING, prompts: 1, requests: 1 },
  },
  { name: 'native steers', bounds: { ...NOTHING, prompts: 1, requests: 1, nativeSteer: true } },
  { name: 'requests beside a turn and side turns', bounds: { ...NOTHING, sideRequests: 1, sideTurns: 1 } },
  { name: 'captures and rollbacks', bounds: { ...NOTHING, captures: 1 } },
  { name: 'a working tree', bounds: { ...NOTHING, prompts: 1, worktree: 1 } },
  { name: 'what is carried', bounds: { ...NOTHING, transfers: 1 }, most: 4_000 },
];

interface Explained {
  readonly state: State;
  readonly source: WhySource;
  readonly why: ReturnType<typeof whyOf>;
}

function explainedIn({ bounds, most = Infinity }: (typeof WORLDS)[number]): readonly Explained[] {
  let count = 0;
  const { states } = explore(bounds, { onState: () => void (count += 1), isDone: () => count >= most });
  return states.map((state) => {
    const source = sourceOf(state);
    return { state, source, why: whyOf(source, null) };
  });
}

const explained = WORLDS.map((world) => ({ ...world, states: explainedIn(world) }));

describe.each(explained)('with $name', ({ states }) => {
  it('every reachable state says what it waits for', () => {
    expect(states.length).toBeGreaterThan(100);
    const silent = states.filter(({ why }) => why.length === 0 || why.some(({ what }) => what === ''));
    expect(waysTo(silent)).toEqual([]);
  });

  it('a busy thread names a deadline or a person first', () => {
    const busy = states.filter(({ source }) => source.machine.tags.includes('busy'));
    expect(busy.length).toBeGreaterThan(50);
    const unbound = busy.filter(({ why: [first] }) => first.endedBy === null && first.from !== 'person');
    expect(waysTo(unbound)).toEqual([]);
  });

  it('every deadline that is armed is told', () => {
    const untold = states.filter(({ source, why }) => {
      const told = new Set(why.map(({ endedBy }) => endedBy?.timer));
      return source.machine.timers.some(({ name }) => !told.has(name));
    });
    expect(waysTo(untold)).toEqual([]);
  });

  it('a thread without a turn waits for a person, or says what it still waits for', () => {
    const resting = states.filter(({ source }) => !source.machine.tags.includes('busy'));
    const others = resting.filter(({ why: [first], source }) => {
      const isOver = source.machine.tags.includes('deleted');
      return first.from !== 'person' && first.endedBy === null && !isOver;
    });
    expect(waysTo(others)).toEqual([]);
  });

  it('what is not settled says who moves, since when, until when and what a person can do', () => {
    const vague = states.filter(({ why: [first], source: { machine } }) => {
      if (machine.tags.includes('settled') || machine.tags.includes('deleted')) return false;
      const isBound = first.from === 'person' || (first.endedBy?.outcome ?? '') !== '';
      return first.from === 'nobody' || first.sinceAt !== AT || !isBound || !hasWayOut(first, machine);
    });
    expect(waysTo(vague)).toEqual([]);
  });
});

const STEPS = ['turn.submit:start', 'turn.submit:queue', 'turn.interrupt', 'thread.stop', 'request.respond'];

/** Unless the thread takes nothing any more, because it is being deleted. */
const hasWayOut = ({ canDo }: Why, { can }: WhySource['machine']): boolean =>
  canDo.length > 0 || !STEPS.some((step) => can.includes(step));

describe('each state of the charts that is not settled', () => {
  const placesOf = ({ machine }: WhySource): string[] => {
    const { value, children } = machine;
    const turn = children.turn === undefined ? [] : [`turn ${pathOf(children.turn)}`];
    const link = children.connection === 'closing' ? ['connection closing'] : [];
    return [`thread ${pathOf(value)}`, ...turn, ...link];
  };
  const met = Map.groupBy(
    explained.flatMap(({ states }) =>
      states.flatMap((each) => placesOf(each.source).map((place) => ({ place, ...each }))),
    ),
    ({ place }) => place,
  );
  const unsettled = [
    ...leavesOf(threadMachine)
      .filter(({ tags }) => !tags.includes('settled') && !tags.includes('deleted'))
      .map(({ path }) => `thread ${path}`),
    ...leavesOf(turnMachine)
      .filter(({ path }) => path !== 'over')
      .map(({ path }) => `turn ${path}`),
    ...leavesOf(connectionMachine)
      .filter(({ path }) => path === 'closing')
      .map(({ path }) => `connection ${path}`),
  ];

  it.each(unsettled)('%s is met, and told with a bound or as a question to a person', (place) => {
    const found = met.get(place) ?? [];
    expect(found.length).toBeGreaterThan(0);
    const bound = found.filter(({ why }) =>
      why.some(({ endedBy, from }) => endedBy !== null || from === 'person'),
    );
    expect(bound).toHaveLength(found.length);
  });

  it('has first words that no settled thread has', () => {
    const words = (isSettled: boolean): Set<string> =>
      new Set(
        explained
          .flatMap(({ states }) => states)
          .filter(
            ({ source: { machine } }) =>
              machine.tags.includes('settled') === isSettled && machine.closing === null,
          )
          .filter(({ why: [{ requestId }] }) => requestId === null)
          .map(({ why: [{ what }] }) => what),
      );
    expect(words(false).size).toBeGreaterThan(10);
    expect([...words(false)].filter((what) => words(true).has(what))).toEqual([]);
  });

  it('has words of its own', () => {
    const named = unsettled.flatMap((place) => {
      const [chart, path = ''] = place.split(' ');
      return chart === 'thread' && !path.startsWith('bound.working') ? [path] : [];
    });
    expect(named).toEqual(THREAD_STATES);
    const turns = leavesOf(turnMachine).map(({ path }) => path);
    expect(turns.filter((path) => path !== 'over')).toEqual(TURN_STATES);
    expect(pathOf({ live: 'streaming' })).toBe('live.streaming');
  });
});

interface Leaf {
  readonly path: string;
  /** Its own, and of what it lies in. */
  readonly tags: readonly string[];
}

function leavesOf(machine: { readonly root: object }): Leaf[] {
  const walk = (node: Node, above: readonly string[]): Leaf[] => {
    const tags = [...above, ...node.tags];
    const inner = Object.values(node.states);
    return inner.length === 0
      ? [{ path: node.path.join('.'), tags }]
      : inner.flatMap((each) => walk(each, tags));
  };
  return walk(machine.root as Node, []);
}

interface Node {
  readonly path: readonly string[];
  readonly tags: readonly string[];
  readonly states: Readonly<Record<string, Node>>;
}
