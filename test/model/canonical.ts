/**
 * One name for each composite state: ids are renamed by first use, counters dropped, and what no guard reads is made
 * the same. The charts of a named state are interned, so that transitions can be memoised.
 */
import type { AnyMachineSnapshot } from 'xstate';
import type { ActorId, Charts } from '../../machines/charts.ts';
import { CAPTURE_ATTEMPTS } from '../../machines/domain/checkpoint.ts';
import type { ConnectionContext, ThreadContext, TurnContext } from '../../machines/domain/context.ts';
import { failure } from '../../machines/domain/error.ts';
import { RESUME } from '../../machines/domain/opening.ts';
import type { LiveRequest } from '../../machines/domain/request.ts';
import type { ArmTimer } from '../../machines/domain/timer.ts';
import type { InterruptReason, Prompt } from '../../machines/domain/turn.ts';
import { promptOf } from '../helpers/inputs.ts';

/** Armed timers by name; when they were armed does not matter here. */
export type Timers = Readonly<Record<string, Pick<ArmTimer, 'name' | 'owner' | 'fires'>>>;

/** Ids of turns (`T0`) and requests (`R0`) in an exploration, and of connections. */
export const IDS = /\b[TR]\d+\b(?::\d+)?/g;
const NAMES = /\b[TR]\d+\b(?::\d+)?|t1#\d+|"attempt":\d+/g;
const FAILURE = failure('CONNECTION_LOST', '');

const promptIn = (prompt: Prompt | null): Prompt | null =>
  prompt === null ? null : { turnId: prompt.turnId, text: 'x', attachments: [] };
const endIn = <End extends object>(end: End | null) => (end === null ? null : { ...end, failure: FAILURE });
/** Only these two reasons are told apart by anything but facts. */
const reasonIn = (reason: InterruptReason): InterruptReason =>
  reason === 'stalled' || reason === 'server-restarted' ? reason : 'user';

const requestsIn = (requests: Readonly<Record<string, LiveRequest>>) =>
  Object.fromEntries(
    Object.entries(requests).map(([id, { status, answer, taskId }]) => [
      id,
      { status, nativeRequestId: 'n', answer, ...(taskId !== undefined && { taskId }) },
    ]),
  );

/** What is told apart. */
export interface Carrying {
  /** Sessions, and what is carried from one to the next. */
  readonly carries: boolean;
}

/**
 * All that another conversation is told and by whom: one transfer of the thread's own turns, at most. The instance is
 * `i`, whichever it is, and the other one `j`.
 */
function carriedPart({ session, opening, transfers, otherSessions, switching, ...context }: ThreadContext) {
  const { settings, turnCount } = context;
  const { instanceId } = settings;
  const others = Object.values(otherSessions);
  return {
    session: session && { ...session, nativeThreadId: 'native' },
    opening,
    transfers: transfers.map(({ status }) => ({ ...TRANSFER, status })),
    otherSessions: others.length === 0 ? {} : { j: OTHER_SESSION },
    switching: switching && { ...switching, instanceId: switching.instanceId === instanceId ? 'i' : 'j' },
    settings: { ...settings, instanceId: 'i' },
    turnCount: Math.min(2, turnCount),
  };
}
const RESULT = { outcome: 'completed', failure: null, text: 'x', isCut: false };
const TRANSFER = { transferId: 'X0', kind: 'resume', source: 't1', after: 0, until: 1 };
const OTHER_SESSION = { session: { nativeThreadId: 'native', state: 'confirmed' }, seenTurns: 0 };

function threadPart(context: ThreadContext, { carries }: Carrying) {
  return { ...plainPart(context), ...(carries && carriedPart(context)) };
}

function plainPart({
  activeTurn,
  queue,
  link,
  sideTurns,
  retryable,
  archived,
  connectionCount,
  captures,
  capturedTurnId,
  rollback,
  worktree,
  tasks,
  session,
  adoption,
}: ThreadContext) {
  const hasSession = link.phase === 'open' || link.phase === 'closing';
  // a sub-agent that is no conversation of its own
  const isWithout = link.carried !== undefined && session === null;
  return {
    archived,
    lastError: null,
    activeTurn: activeTurn && { ...activeTurn, prompt: promptIn(activeTurn.prompt), nativeTurnId: null },
    sideTurns: sideTurns.map(({ turnId }) => ({ turnId, nativeTurnId: `n.${turnId}` })),
    queue: {
      status: queue.status,
      // only this reason is told apart by anything but facts
      reason: queue.status === 'held' && queue.reason !== 'background' ? 'interrupted' : queue.reason,
      entries: queue.entries.map((entry) => ({ ...promptIn(entry), intent: entry.intent, failure: null })),
    },
    retryable: retryable && promptOf('retryable'),
    link: { ...link, end: endIn(link.end) },
    connectionCount: Math.min(1, connectionCount),
    session: hasSession && !isWithout ? { nativeThreadId: 'native', state: 'provisional' } : null,
    // the last try: what leads back to the same state is left to the rules
    captures: captures.map((asked) => ({ ...asked, tries: CAPTURE_ATTEMPTS })),
    capturedTurnId,
    rollback: rollback && { ...rollback, prompt: promptIn(rollback.prompt) },
    // what has ended waits for the same
    tasks: tasks.map(({ result, ...task }) =>
      result === null ? { ...task, result } : { ...task, wake: 'settled', result: RESULT },
    ),
    opening: RESUME,
    transfers: [],
    otherSessions: {},
    switching: null,
    adoption,
    turnCount: 0,
    itemCount: 0,
    // a try is told from another one only while it is under way
    ...(worktree && {
      worktree: { ...worktree, attempt: worktree.status === 'making' ? worktree.attempt : 0 },
    }),
  };
}

function turnPart(context: TurnContext, { carries }: Carrying) {
  const { turnId, attempt, origin, connectionId, interrupt, suspect, end } = context;
  const reason = end?.reason ?? null;
  return {
    turnId,
    attempt,
    origin,
    connectionId,
    suspect,
    transfers: carries ? context.transfers.map(() => TRANSFER.transferId) : [],
    started: false,
    // who asked does not matter any more once the end is known
    interrupt: interrupt && end === null ? { ...interrupt, reason: reasonIn(interrupt.reason) } : null,
    prompt: promptIn(context.prompt),
    nativeTurnId: null,
    steers: context.steers.map(promptIn),
    sentSteer: promptIn(context.sentSteer),
    undelivered: context.undelivered.map(promptIn),
    requests: requestsIn(context.requests),
    end: end && { ...endIn(end), reason: reason && reasonIn(reason) },
  };
}

const connectionPart = (
  { connectionId, force, requests, end, resume, isCarried }: ConnectionContext,
  { carries }: Carrying,
) => ({
  connectionId,
  force,
  resume: carries ? resume : null,
  fork: null,
  rollback: null,
  ...(isCarried && { isCarried }),
  requests: requestsIn(requests),
  end: endIn(end),
});

const PARTS: Readonly<Record<ActorId, (context: never, carrying: Carrying) => object>> = {
  root: threadPart,
  connection: connectionPart,
  turn: turnPart,
};
const ACTORS = ['root', 'connection', 'turn'] as const;

/** What a turn or a connection waits to be answered. */
export const requestsOf = (owner: AnyMachineSnapshot | undefined): Readonly<Record<string, LiveRequest>> =>
  (owner?.context as { requests?: Record<string, LiveRequest> } | undefined)?.requests ?? {};

/** A text in which ids stand by the order of their first use, and these ids. */
interface Shape {
  readonly text: string;
  /** The same number for the same text but for its ids. */
  readonly number: number;
  readonly names: readonly string[];
}

/** Names the states of one exploration and keeps one snapshot for each part of them. */
export class Canon {
  readonly #carrying: Carrying;
  readonly #parts = new WeakMap<AnyMachineSnapshot, Shape>();
  readonly #armed = new WeakMap<object, Shape>();
  /** Texts with their own ids, and what they are but for these. */
  readonly #shapes = new Map<string, Shape>();
  readonly #numbers = new Map<string, number>();
  readonly #timers = new Map<string, Timers>();
  readonly #interned = new Map<string, AnyMachineSnapshot>();

  constructor(carrying: Carrying = { carries: false }) {
    this.#carrying = carrying;
  }

  /** The same for states that are the same but for their ids: the shapes of all parts, and how these share ids. */
  keyOf(charts: Charts, timers: Timers): string {
    const seen: string[] = [];
    let key = '';
    for (const id of ACTORS) {
      const snapshot = charts[id];
      key += snapshot === undefined ? '-|' : `${keyIn(this.#partOf(id, snapshot), seen)}|`;
    }
    const armed = Object.values(timers).map((timer) => keyIn(this.#timerOf(timer), seen));
    return key + (armed.length > 1 ? armed.toSorted() : armed).join('|');
  }

  /** Of one chart by itself. */
  keyOfOne(id: ActorId, snapshot: AnyMachineSnapshot): string {
    return keyIn(this.#partOf(id, snapshot), []);
  }

  /** What the ids of this state are called in the name of it. */
  namesOf(charts: Charts, timers: Timers): ReadonlyMap<string, string> {
    return namesIn(this.#textOf(charts, timers));
  }

  #textOf(charts: Charts, timers: Timers): string {
    const armed = Object.values(timers).map((timer) => this.#timerOf(timer).text);
    const parts = ACTORS.map((id) => (charts[id] === undefined ? '' : this.#partOf(id, charts[id]).text));
    return [...parts, armed.join('\t')].join('\n');
  }

  /** The state of that key, made from any state that has it. */
  stateOf(from: Charts, armed: Timers): { readonly charts: Charts; readonly timers: Timers } {
    const text = this.#textOf(from, armed);
    const lines = renamed(text, namesIn(text)).split('\n');
    const charts: Partial<Record<ActorId, AnyMachineSnapshot>> = {};
    ACTORS.forEach((id, index) => {
      const snapshot = from[id];
      if (snapshot !== undefined) charts[id] = this.#intern(id, snapshot, lines[index] ?? '');
    });
    return { charts: charts as Charts, timers: this.#timersOf(lines[3] ?? '') };
  }

  #timersOf(line: string): Timers {
    const armed = line === '' ? [] : line.split('\t').toSorted();
    const key = armed.join('\t');
    let timers = this.#timers.get(key);
    if (timers === undefined) {
      timers = Object.fromEntries(
        armed.map((each) => {
          const [name, owner, fires] = JSON.parse(each) as [string, ArmTimer['owner'], ArmTimer['fires']];
          return [name, { name, owner, fires }];
        }),
      );
      this.#timers.set(key, timers);
    }
    return timers;
  }

  #partOf(id: ActorId, snapshot: AnyMachineSnapshot): Shape {
    let part = this.#parts.get(snapshot);
    if (part === undefined) {
      const { value, status, children, context } = snapshot;
      part = this.#shapeOf(
        JSON.stringify([PARTS[id](context as never, this.#carrying), value, status, Object.keys(children)]),
      );
      this.#parts.set(snapshot, part);
    }
    return part;
  }

  #timerOf(timer: Timers[string]): Shape {
    let armed = this.#armed.get(timer);
    if (armed === undefined) {
      armed = this.#shapeOf(JSON.stringify([timer.name, timer.owner, timer.fires]));
      this.#armed.set(timer, armed);
    }
    return armed;
  }

  #shapeOf(text: string): Shape {
    let shape = this.#shapes.get(text);
    if (shape === undefined) {
      const names = namesIn(text);
      const bare = renamed(text, names);
      const number = this.#numbers.get(bare) ?? this.#numbers.size + 1;
      this.#numbers.set(bare, number);
      shape = { text, number, names: [...names.keys()] };
      this.#shapes.set(text, shape);
    }
    return shape;
  }

  #intern(id: ActorId, snapshot: AnyMachineSnapshot, part: string): AnyMachineSnapshot {
    const key = `${id}${part}`;
    let interned = this.#interned.get(key);
    if (interned === undefined) {
      // what an input changes that it should not change throws
      const changed = frozen((JSON.parse(part) as [object])[0]);
      interned = { ...snapshot, context: { ...snapshot.context, ...changed } } as AnyMachineSnapshot;
      this.#interned.set(key, interned);
    }
    return interned;
  }
}

/** The shape, and which of all ids are its own; `seen` grows. */
function keyIn({ number, names }: Shape, seen: string[]): string {
  let key = String(number);
  for (const name of names) {
    const index = seen.indexOf(name);
    key += `,${index < 0 ? seen.push(name) - 1 : index}`;
  }
  return key;
}

/** By their first use. */
function namesIn(text: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const counts = { T: 0, R: 0 };
  for (const [name] of text.matchAll(IDS)) {
    if (names.has(name)) continue;
    const letter = name.startsWith('T') ? 'T' : 'R';
    names.set(name, `${letter}${counts[letter]}`);
    counts[letter] += 1;
  }
  return names;
}

const renamed = (text: string, names: ReadonlyMap<string, string>): string =>
  text.replaceAll(NAMES, (name) => {
    if (name.startsWith('t1#')) return 't1#1';
    if (name.startsWith('"')) return name === '"attempt":1' ? name : '"attempt":2';
    return names.get(name) ?? name;
  });

function frozen<T extends object>(plain: T): T {
  for (const each of Object.values(plain)) if (typeof each === 'object' && each !== null) frozen(each);
  return Object.freeze(plain);
}
