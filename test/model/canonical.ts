/**
 * One name for each composite state: ids are renamed by first use, counters dropped, and what no guard reads is made
 * the same. The charts of a named state are interned, so that transitions can be memoised.
 */
import type { AnyMachineSnapshot } from 'xstate';
import type { ActorId, Charts } from '../../machines/charts.ts';
import type { ConnectionContext, ThreadContext, TurnContext } from '../../machines/domain/context.ts';
import { failure } from '../../machines/domain/error.ts';
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

function threadPart({
  activeTurn,
  queue,
  link,
  sideTurns,
  retryable,
  archived,
  connectionCount,
}: ThreadContext) {
  const hasSession = link.phase === 'open' || link.phase === 'closing';
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
    session: hasSession ? { nativeThreadId: 'native', state: 'provisional' } : null,
    turnCount: 0,
    itemCount: 0,
  };
}

function turnPart(context: TurnContext) {
  const { turnId, attempt, origin, connectionId, interrupt, suspect, end } = context;
  const reason = end?.reason ?? null;
  return {
    turnId,
    attempt,
    origin,
    connectionId,
    suspect,
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

const connectionPart = ({ connectionId, force, requests, end }: ConnectionContext) => ({
  connectionId,
  force,
  resume: null,
  requests: requestsIn(requests),
  end: endIn(end),
});

const PARTS: Readonly<Record<ActorId, (context: never) => object>> = {
  root: threadPart,
  connection: connectionPart,
  turn: turnPart,
};
const ACTORS = ['root', 'connection', 'turn'] as const;

/** What a turn or a connection waits to be answered. */
export const requestsOf = (owner: AnyMachineSnapshot | undefined): Readonly<Record<string, LiveRequest>> =>
  (owner?.context as { requests?: Record<string, LiveRequest> } | undefined)?.requests ?? {};

/** Names the states of one exploration and keeps one snapshot for each part of them. */
export class Canon {
  readonly #parts = new WeakMap<AnyMachineSnapshot, string>();
  readonly #numbers = new WeakMap<object, number>();
  #count = 0;
  readonly #timers = new Map<string, Timers>();
  readonly #interned = new Map<string, AnyMachineSnapshot>();

  /** The same for the very same parts. */
  idOf({ root, connection, turn }: Charts, timers: Timers): string {
    return [root, connection, turn, timers].map((part) => this.#numberOf(part)).join('.');
  }

  #numberOf(part: object | undefined): number {
    if (part === undefined) return 0;
    let number = this.#numbers.get(part);
    if (number === undefined) {
      this.#count += 1;
      number = this.#count;
      this.#numbers.set(part, number);
    }
    return number;
  }

  /** Four lines: thread, connection, turn, timers. */
  keyOf(charts: Charts, timers: Timers): string {
    const text = this.#textOf(charts, timers);
    const lines = renamed(text, namesIn(text)).split('\n');
    return [...lines.slice(0, 3), (lines[3] ?? '').split('\t').toSorted().join('\t')].join('\n');
  }

  /** Of one chart by itself. */
  keyOfOne(id: ActorId, snapshot: AnyMachineSnapshot): string {
    const text = this.#partOf(id, snapshot);
    return renamed(text, namesIn(text));
  }

  /** What the ids of this state are called in the name of it. */
  namesOf(charts: Charts, timers: Timers): ReadonlyMap<string, string> {
    return namesIn(this.#textOf(charts, timers));
  }

  #textOf(charts: Charts, timers: Timers): string {
    const armed = Object.values(timers).map(({ name, owner, fires }) => JSON.stringify([name, owner, fires]));
    const parts = ACTORS.map((id) => this.#partOf(id, charts[id]));
    return [...parts, armed.join('\t')].join('\n');
  }

  /** The state of that name, made from any state that has it. */
  stateOf(key: string, from: Charts): { readonly charts: Charts; readonly timers: Timers } {
    const lines = key.split('\n');
    const charts: Partial<Record<ActorId, AnyMachineSnapshot>> = {};
    ACTORS.forEach((id, index) => {
      const snapshot = from[id];
      if (snapshot !== undefined) charts[id] = this.#intern(id, snapshot, lines[index] ?? '');
    });
    return { charts: charts as Charts, timers: this.#timersOf(lines[3] ?? '') };
  }

  #timersOf(line: string): Timers {
    let timers = this.#timers.get(line);
    if (timers === undefined) {
      const armed = line === '' ? [] : line.split('\t');
      timers = Object.fromEntries(
        armed.map((each) => {
          const [name, owner, fires] = JSON.parse(each) as [string, ArmTimer['owner'], ArmTimer['fires']];
          return [name, { name, owner, fires }];
        }),
      );
      this.#timers.set(line, timers);
    }
    return timers;
  }

  #partOf(id: ActorId, snapshot: AnyMachineSnapshot | undefined): string {
    if (snapshot === undefined) return '';
    let part = this.#parts.get(snapshot);
    if (part === undefined) {
      const { value, status, children, context } = snapshot;
      part = JSON.stringify([PARTS[id](context as never), value, status, Object.keys(children)]);
      this.#parts.set(snapshot, part);
    }
    return part;
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
