/** Why a thread stands where it stands: what it waits for, from whom, since when, what ends it, and what a person can do. */
import {
  CAPTURING,
  failureAdvice,
  HOLD_REASONS,
  PAUSED,
  phraseOfClose,
  phraseOfHeldUp,
  phraseOfThread,
  phraseOfTurn,
  SETTLED,
  type Phrase,
} from './why-phrases.ts';
import type { RequestId } from './ids.ts';
import type { InstanceRow } from './instance.ts';
import type { RequestRow } from './request.ts';
import type { Deadline, ThreadRow, ThreadSnapshot } from './snapshot.ts';
import { deliveryTimerOf } from './timer.ts';

/** One thing that a thread waits for. Texts are clauses: lower case, no full stop. */
export interface Why {
  readonly what: string;
  /** Who has to move next. `server`: this server itself. */
  readonly from: 'person' | 'provider' | 'server' | 'nobody';
  /** Epoch ms. */
  readonly sinceAt: number;
  /** What ends the waiting when nobody moves; `null`: nothing, a person is waited for. */
  readonly endedBy: Bound | null;
  /** Of the snapshot's `can`, what helps here. */
  readonly canDo: readonly string[];
  /** What a person has to do besides; `null`: nothing. */
  readonly advice: string | null;
  /** What is to be answered. */
  readonly requestId: RequestId | null;
}

/** A deadline and what happens then. */
export interface Bound {
  readonly timer: string;
  /** Epoch ms. With `idle` approximate: each sign of life pushes it, and deltas do so without being told. */
  readonly dueAt: number;
  readonly idle: boolean;
  readonly outcome: string;
}

/** What a client holds of a thread. */
export type WhySource = Pick<ThreadSnapshot, 'machine' | 'turn' | 'items' | 'requests' | 'queue'> & {
  readonly thread: ThreadRow;
};

const WAITING_FOR_ANSWER = new Set(['open', 'undeliverable']);
const ANSWERING_STATES = new Set(['live.streaming', 'live.awaiting', 'live.steering']);
/** A person asked for more than the close. */
const WANTED_CLOSES = new Set(['stop', 'delete', 'rollback', 'switch']);
const NEW_PROMPT = ['turn.submit:start', 'turn.submit:queue'];

/**
 * What a thread waits for, the first thing first; never empty, in no state. Works from what every client has: a snapshot
 * or a followed view, and the row of the thread's provider instance where that is known.
 */
export function whyOf(source: WhySource, instance: InstanceRow | null): readonly [Why, ...Why[]] {
  const { tags, children } = source.machine;
  if (tags.includes('quarantined')) return [quarantined(source)];
  if (tags.includes('deleted')) return [deleted(source)];
  const asked = source.requests
    .filter((request) => isAnswerable(request, children.turn))
    .map((request) => whyOfRequest(source, request));
  const closing = children.connection === 'closing' ? [whyOfClose(source)] : [];
  const queued = source.queue.entries.length === 0 ? [] : [whyOfQueue(source)];
  const [first, ...rest] =
    children.turn === undefined
      ? orderedAtRest(source, asked, closing)
      : [...orderedInTurn(source, asked, instance), ...closing];
  return [first, ...rest, ...captures(source, first), ...queued];
}

type Whys = readonly [Why, ...Why[]];

/** What was asked of the thread comes before how it stood. */
function orderedAtRest(source: WhySource, asked: readonly Why[], closing: readonly Why[]): Whys {
  const { machine } = source;
  const phrase = phraseOfThread(pathOf(machine.value), machine.timers);
  const place = phrase === null ? whySettled(source) : whyIn(source, phrase, source.thread.updatedAt);
  const [first] = closing;
  const isWanted = WANTED_CLOSES.has(machine.closing ?? 'idle');
  return first !== undefined && isWanted ? [first, ...asked] : [place, ...asked, ...closing];
}

function orderedInTurn(source: WhySource, asked: readonly Why[], instance: InstanceRow | null): Whys {
  const turn = whyOfTurn(source, instance);
  const isAwaiting = pathOf(source.machine.children.turn) === 'live.awaiting';
  const [first = turn, ...rest] = isAwaiting ? asked : [turn, ...asked];
  return [first, ...rest];
}

/** Captures of which nothing else tells. */
function captures(source: WhySource, first: Why): readonly Why[] {
  const why = whyIn(source, CAPTURING, source.thread.updatedAt);
  return why.endedBy === null || why.endedBy.timer === first.endedBy?.timer ? [] : [why];
}

/** What a turn asked before it was told to end is closed with it, and takes no answer any more. */
const isAnswerable = ({ owner, status }: RequestRow, turn: unknown): boolean =>
  owner === 'connection' || status === 'answering' || ANSWERING_STATES.has(pathOf(turn));

function whyOfTurn(source: WhySource, instance: InstanceRow | null): Why {
  const { machine, thread, turn } = source;
  const state = pathOf(machine.children.turn);
  const names = { agent: thread.instanceId, instance, origin: turn?.origin ?? 'user' };
  const phrase = heldUpIn(source, state) ?? (isPaused(machine) ? PAUSED(names) : phraseOfTurn(state, names));
  const since = turn?.startedAt ?? turn?.begunAt ?? thread.updatedAt;
  const why = whyIn(source, phrase, since);
  const retry = retryIn(source);
  return retry === null ? why : { ...why, what: `${thread.instanceId} tries again: ${retry}` };
}

/** Of a turn that has not been handed over. */
const heldUpIn = ({ machine }: WhySource, state: string): Phrase | null =>
  state === 'waiting' && machine.children.connection === 'open' ? phraseOfHeldUp(machine.timers) : null;

/** A start has no bound of silence by itself. */
const isPaused = ({ timers }: WhySource['machine']): boolean =>
  timers.some(({ name, idle }) => name === 'turn.startTimedOut' && idle);

/** A retry is told as a notice of its own; whatever comes after it means that the provider went on. */
function retryIn({ items, turn }: WhySource): string | null {
  const latest = items.reduce<(typeof items)[number] | null>(
    (last, item) => (last === null || item.updatedAt >= last.updatedAt ? item : last),
    null,
  );
  const isRetry = latest?.body.kind === 'notice' && latest.body.topic === 'provider.retrying';
  if (!isRetry || latest.updatedAt < (turn?.begunAt ?? 0)) return null;
  return firstLine(latest.text);
}

function whyOfRequest(source: WhySource, request: RequestRow): Why {
  const { machine, thread } = source;
  const { requestId, status, createdAt, updatedAt } = request;
  const asked = askedBy(request);
  if (WAITING_FOR_ANSWER.has(status)) {
    const isAgain = status === 'undeliverable';
    return {
      ...plain(isAgain ? `the answer did not arrive and can be sent again: ${asked}` : asked, createdAt),
      from: 'person',
      canDo: can(machine, ['request.respond', 'turn.interrupt', 'thread.stop']),
      requestId,
    };
  }
  const timer = deliveryTimerOf(requestId);
  const phrase: Phrase = {
    what: `the answer is on its way to ${thread.instanceId}: ${asked}`,
    from: 'provider',
    timers: [timer],
    outcome: 'it counts as not delivered and can be sent again',
    canDo: ['turn.interrupt', 'thread.stop'],
  };
  return { ...whyIn(source, phrase, updatedAt), requestId };
}

/** The question that a request puts to a person, in one line. */
export function askedBy({ body, reason }: Pick<RequestRow, 'body' | 'reason'>): string {
  const why = reason === undefined ? '' : ` (${firstLine(reason)})`;
  return `${askedIn(body)}${why}`;
}

function askedIn(body: RequestRow['body']): string {
  switch (body.kind) {
    case 'command':
      return `may it run ${firstLine(body.command)}`;
    case 'file-read':
      return `may it read ${body.paths.join(', ')}`;
    case 'file-change':
      return `may it change ${body.paths.join(', ')}`;
    case 'tool':
      return `may it use ${body.server === undefined ? '' : `${body.server}/`}${body.tool}`;
    case 'question':
      return `it asks: ${body.questions.map(({ question }) => firstLine(question)).join(' / ')}`;
  }
}

function whyOfClose(source: WhySource): Why {
  return whyIn(source, phraseOfClose(source.machine.closing), source.thread.updatedAt);
}

function whyOfQueue({ machine, thread, queue }: WhySource): Why {
  const { entries, status, reason } = queue;
  const count = entries.length === 1 ? 'a prompt waits' : `${entries.length} prompts wait`;
  const since = thread.updatedAt;
  if (status === 'held') {
    return {
      ...plain(`${count}: the queue is held because ${HOLD_REASONS[reason ?? 'interrupted']}`, since),
      from: 'person',
      canDo: can(machine, ['queue.resume', ...NEW_PROMPT, 'queue.edit', 'queue.cancel']),
      advice: 'resume the queue, or send a prompt: the queue goes on when that turn has completed',
    };
  }
  const until = queueEndOf(machine, entries[0]?.intent === 'next');
  return {
    ...plain(thread.archived ? `${count}: the thread is archived` : `${count} ${until.what}`, since),
    from: thread.archived ? 'person' : until.from,
    canDo: can(machine, ['queue.edit', 'queue.cancel', 'queue.promote', 'thread.unarchive']),
  };
}

/** What a queue that flows waits for. */
function queueEndOf({ value, children }: WhySource['machine'], isNext: boolean): Pick<Why, 'what' | 'from'> {
  const place = pathOf(value);
  if (place === 'preparing') return { what: 'until the working tree is ready', from: 'server' };
  if (place === 'restoring') return { what: 'until the files are put back', from: 'server' };
  if (children.turn === undefined) return { what: 'until the session is closed', from: 'provider' };
  return {
    what: isNext ? 'until what runs now has ended' : 'until the turn that runs has completed',
    from: 'provider',
  };
}

function whySettled(source: WhySource): Why {
  const { machine, thread, turn } = source;
  const phrase = SETTLED[machine.status](turn, thread.lastError);
  const isOpening = machine.children.connection === 'opening';
  const since = turn?.endedAt ?? thread.createdAt;
  const opening: Phrase = {
    what: `${phrase.what}; ${thread.instanceId} is still opening the session`,
    from: 'provider',
    timers: ['connection.openTimedOut'],
    outcome: 'the opening is given up, and the next prompt tries again',
    canDo: phrase.canDo,
  };
  const why = whyIn(source, isOpening ? opening : phrase, since);
  if (thread.archived) {
    return { ...why, what: `${why.what}; it is archived`, canDo: can(machine, ['thread.unarchive']) };
  }
  return machine.status === 'ready' ? why : { ...why, advice: failureAdvice(thread.lastError) };
}

const quarantined = ({ machine, thread }: WhySource): Why => ({
  ...plain(
    `its journal cannot be stepped: ${thread.lastError?.message ?? 'the log says why'}`,
    thread.updatedAt,
  ),
  from: 'person',
  canDo: can(machine, ['thread.delete']),
  advice: 'read or export it, then delete it; a release with a mend steps it again',
});

const deleted = ({ thread }: WhySource): Why => plain('it is deleted', thread.updatedAt);

const plain = (what: string, sinceAt: number): Why => ({
  what,
  from: 'nobody',
  sinceAt,
  endedBy: null,
  canDo: [],
  advice: null,
  requestId: null,
});

function whyIn(source: WhySource, phrase: Phrase, sinceAt: number): Why {
  const { machine } = source;
  const timer = phrase.timers
    .map((name) => machine.timers.find((each) => each.name === name || each.name.startsWith(`${name}:`)))
    .find((each) => each !== undefined);
  return {
    ...plain(phrase.what, timer === undefined || timer.idle ? sinceAt : timer.armedAt),
    from: phrase.from,
    endedBy: timer === undefined ? null : boundOf(timer, phrase, source),
    canDo: can(machine, phrase.canDo),
  };
}

function boundOf(
  { name, armedAt, dueAt, idle }: Deadline,
  { outcome }: Phrase,
  { items, turn }: WhySource,
): Bound {
  const own = items.filter((item) => item.turnId !== null && item.turnId === turn?.turnId);
  const pushedAt = Math.max(armedAt, ...own.map((item) => item.updatedAt));
  return { timer: name, dueAt: idle ? pushedAt + dueAt - armedAt : dueAt, idle, outcome };
}

const can = (machine: WhySource['machine'], wanted: readonly string[]): string[] =>
  wanted.filter((name) => machine.can.includes(name));

const firstLine = (text: string): string => (text.split('\n', 1)[0] ?? '').slice(0, 200);

/** `{ live: 'streaming' }` → `live.streaming`. */
export function pathOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const [inner] = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return inner === undefined ? '' : `${inner[0]}.${pathOf(inner[1])}`;
}
