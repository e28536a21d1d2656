/** Every state that a thread can be in explains itself. */
import { describe, expect, it } from 'vitest';
import { statusOf, threadContextOf } from '../../machines/charts.ts';
import { failure } from '../../machines/domain/error.ts';
import { DEADLINES_MS } from '../../machines/domain/timer.ts';
import { pathOf, whyOf, type WhySource } from '../../machines/domain/why.ts';
import { TURN_STATES } from '../../machines/domain/why-phrases.ts';
import { turnMachine } from '../../machines/turn.machine.ts';
import { requestRowOf, threadRowOf, turnRowOf } from '../helpers/why-rows.ts';
import { requestsOf } from './canonical.ts';
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
      can: [],
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
    turn: activeTurn === null ? null : turnRowOf(activeTurn.turnId),
    items: [],
    requests,
    queue,
  };
}

/** To a few of them. */
const waysTo = (found: readonly { readonly state: State }[]): string[] =>
  found.slice(0, 3).map(({ state }) => written(wayTo(state)));

describe.each([
  [
    'one prompt and one request, steers as new attempts',
    { prompts: 1, requests: 1, sideRequests: 0, sideTurns: 0, nativeSteer: false },
  ],
  ['native steers', { prompts: 1, requests: 1, sideRequests: 0, sideTurns: 0, nativeSteer: true }],
  [
    'requests beside a turn and side turns',
    { prompts: 0, requests: 0, sideRequests: 1, sideTurns: 1, nativeSteer: false },
  ],
])('with %s', (_, bounds) => {
  const { states } = explore(bounds);
  const explained = states.map((state) => ({
    state,
    source: sourceOf(state),
    why: whyOf(sourceOf(state), null),
  }));

  it('every reachable state says what it waits for', () => {
    expect(states.length).toBeGreaterThan(100);
    const silent = explained.filter(({ why }) => why.length === 0 || why.some(({ what }) => what === ''));
    expect(waysTo(silent)).toEqual([]);
  });

  it('a busy thread names a deadline or a person first', () => {
    const busy = explained.filter(({ source }) => source.machine.tags.includes('busy'));
    expect(busy.length).toBeGreaterThan(50);
    const unbound = busy.filter(({ why: [first] }) => first.endedBy === null && first.from !== 'person');
    expect(waysTo(unbound)).toEqual([]);
  });

  it('every deadline that is armed is told', () => {
    const untold = explained.filter(({ source, why }) => {
      const told = new Set(why.map(({ endedBy }) => endedBy?.timer));
      return source.machine.timers.some(({ name }) => !told.has(name));
    });
    expect(waysTo(untold)).toEqual([]);
  });

  it('a thread without a turn waits for a person, or says what it still waits for', () => {
    const resting = explained.filter(({ source }) => !source.machine.tags.includes('busy'));
    const others = resting.filter(({ why: [first], source }) => {
      const isOver = source.machine.tags.includes('deleted');
      return first.from !== 'person' && first.endedBy === null && !isOver;
    });
    expect(waysTo(others)).toEqual([]);
  });
});

it('has words of its own for every state of a turn but the last', () => {
  const leaves = (node: { states: object; path: string[]; type: string }): string[] => {
    const inner = Object.values(node.states) as (typeof node)[];
    return inner.length === 0 ? [node.path.join('.')] : inner.flatMap(leaves);
  };
  expect(leaves(turnMachine.root).filter((path) => path !== 'over')).toEqual(TURN_STATES);
  expect(pathOf({ live: 'streaming' })).toBe('live.streaming');
});
