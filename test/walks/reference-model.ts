/** What the guarantees promise, checked on what clients, provider and journal have of a walk. */
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import type { Fact, FactOf, FactType } from '../../machines/domain/fact.ts';
import type { DispatchResult } from '../../server/client/client.ts';
import { canonicalJson } from '../../server/runtime/fingerprint.ts';
import type { Asked, Seen, Stretch } from './walkers.ts';

/** Something that reached the provider. */
export interface Handed {
  /** A prompt is known by its message id, an answer by its request. */
  readonly kind: 'prompt' | 'answer';
  readonly id: string;
}

export interface Evidence {
  readonly asked: readonly Asked[];
  readonly seen: readonly Seen[];
  /** Of each thread, as committed, from the first on; deltas included, be they pruned since. */
  readonly entries: ReadonlyMap<string, readonly ThreadEntry[]>;
  /** Ids of the commands that the store knows. */
  readonly receipts: ReadonlySet<string>;
  readonly handed: readonly Handed[];
}

/** @throws {Error} naming the first guarantee that does not hold, and where */
export function checkWalk({ asked, seen, entries, receipts, handed }: Evidence): void {
  const all = [...entries.values()].flat();
  for (const each of asked) checkCommand(each, { all, hasReceipt: receipts.has(each.commandId) });
  for (const each of seen) checkSeen(each, entries.get(each.threadId) ?? []);
  for (const [threadId, ofThread] of entries) {
    checkTurns(threadId, ofThread);
    checkStatus(threadId, ofThread);
    checkPrompts(threadId, ofThread, asked);
    checkOrder(ofThread);
  }
  checkHanded(handed, all);
}

const isResult = (answer: DispatchResult | Error): answer is DispatchResult => !(answer instanceof Error);
const json = (value: unknown): string => canonicalJson(JSON.parse(JSON.stringify({ value })));

/** Once: an accepted command is one entry, which its answers name, and has a receipt; a refused one has neither. */
function checkCommand(
  { commandId, command, answers }: Asked,
  { all, hasReceipt }: { readonly all: readonly ThreadEntry[]; readonly hasReceipt: boolean },
): void {
  const what = `${commandId} ${command.type}`;
  const results = answers.filter(isResult);
  const entries = all.filter((entry) => entry.commandId === commandId && entry.outcome === 'applied');
  const bad = answers.find((answer) => !isResult(answer) && answer.code === 'INTERNAL');
  if (bad instanceof Error) throw new Error(`${what}: ${bad.message}`);
  if (entries.length > 1 || results.filter(({ duplicate }) => !duplicate).length > 1)
    throw new Error(`${what} took effect twice`);
  const [entry] = entries;
  const [result] = results;
  if (result === undefined) {
    if (entry !== undefined || hasReceipt) throw new Error(`${what} was refused and took effect`);
    return;
  }
  if (entry === undefined || !hasReceipt) throw new Error(`${what} was acknowledged and is lost`);
  const isTold = results.every(
    (each) => json({ ...each, duplicate: true }) === json({ ...result, duplicate: true }),
  );
  if (!isTold || entry.sequence !== result.sequence || entry.stream !== result.threadId)
    throw new Error(`${what} is entry ${entry.sequence}, and its answers say something else`);
}

/** No gap, or told so; and what was shown is what was committed. */
function checkSeen(
  { client, threadId, stretches, view, gapCount }: Seen,
  entries: readonly ThreadEntry[],
): void {
  const who = `client ${client} on ${threadId}`;
  if (gapCount > 0) throw new Error(`${who} found a gap`);
  stretches.forEach((stretch, index) => {
    const isLast = index === stretches.length - 1;
    checkStretch(who, stretch, { entries, until: isLast ? (view?.version ?? 0) : null });
  });
}

function checkStretch(
  who: string,
  { after, events }: Stretch,
  { entries, until }: { readonly entries: readonly ThreadEntry[]; readonly until: number | null },
): void {
  const [from, to] = [after ?? Infinity, until ?? events.at(-1)?.version ?? 0];
  const expected = entries
    .filter(({ version }) => version > from && version <= to)
    .flatMap(({ sequence, version, at, facts }) => facts.map((fact) => ({ sequence, version, at, fact })));
  for (let index = 0; index < Math.max(events.length, expected.length); index += 1) {
    const [shown, committed] = [json(events[index] ?? null), json(expected[index] ?? null)];
    if (shown !== committed)
      throw new Error(
        `${who} was not shown what was committed\n  shown     ${shown}\n  committed ${committed}`,
      );
  }
}

const factsOf = <T extends FactType>(entries: readonly ThreadEntry[], type: T): FactOf<T>[] =>
  entries.flatMap(({ facts }) => facts).filter((fact): fact is FactOf<T> => fact.type === type);

/** Every turn ends once; one that has not ended is the active one and waits for a person. */
function checkTurns(threadId: string, entries: readonly ThreadEntry[]): void {
  const ended = factsOf(entries, 'turn.ended').map(({ turnId }) => turnId);
  const twice = ended.find((turnId, index) => ended.indexOf(turnId) !== index);
  if (twice !== undefined) throw new Error(`turn ${twice} of ${threadId} ends twice`);
  const { activeTurnId = null } = factsOf(entries, 'thread.statusChanged').at(-1) ?? {};
  for (const { turnId } of factsOf(entries, 'turn.began')) {
    if (ended.includes(turnId) || (turnId === activeTurnId && isAsking(entries, turnId))) continue;
    throw new Error(`turn ${turnId} of ${threadId} neither ends nor waits for a person`);
  }
}

/** A turn is active in starting and running only, and never after its end. */
function checkStatus(threadId: string, entries: readonly ThreadEntry[]): void {
  const ended = new Set<string>();
  for (const { sequence, facts } of entries) {
    for (const fact of facts) {
      if (fact.type === 'turn.ended') ended.add(fact.turnId);
      if (fact.type !== 'thread.statusChanged') continue;
      const { status, activeTurnId } = fact;
      const isActive = status === 'starting' || status === 'running';
      if (isActive !== (activeTurnId !== null) || ended.has(String(activeTurnId)))
        throw new Error(`${threadId} is ${status} with turn ${activeTurnId} at ${sequence}`);
    }
  }
}

function isAsking(entries: readonly ThreadEntry[], turnId: string): boolean {
  const closed = new Set(factsOf(entries, 'request.closed').map(({ requestId }) => requestId));
  const opened = factsOf(entries, 'request.opened').map(({ request }) => request);
  return opened.some((request) => request.turnId === turnId && !closed.has(request.requestId));
}

/** Where an accepted prompt may be, by the fact that puts it there. */
const FATES: Partial<{ readonly [T in FactType]: (fact: FactOf<T>) => string | null }> = {
  'turn.began': ({ turnId }) => turnId,
  'turn.steered': ({ steerId }) => steerId,
  'turn.steerUnanswered': ({ steerId }) => steerId,
  'queue.removed': ({ queueEntryId, reason }) => (reason === 'cancelled' ? queueEntryId : null),
};

function fateOf(fact: Fact): string | null {
  const find = FATES[fact.type] as ((given: Fact) => string | null) | undefined;
  return find?.(fact) ?? null;
}

/** An accepted prompt has run, joined a turn, was cancelled, or still waits in the queue or behind an open question. */
function checkPrompts(threadId: string, entries: readonly ThreadEntry[], asked: readonly Asked[]): void {
  const met = new Set(entries.flatMap(({ facts }) => facts.map(fateOf)));
  const waiting = new Set(queueOf(entries));
  const { activeTurnId = null } = factsOf(entries, 'thread.statusChanged').at(-1) ?? {};
  const accepted = new Set(
    asked.flatMap(({ commandId, answers }) => (answers.some(isResult) ? commandId : [])),
  );
  for (const { input, commandId, outcome } of entries) {
    if (input.type !== 'turn.submit' || outcome !== 'applied' || !accepted.has(String(commandId))) continue;
    const { turnId } = input.prompt;
    const isSteering = input.mode === 'steer' && activeTurnId !== null;
    if (!met.has(turnId) && !waiting.has(turnId) && !isSteering)
      throw new Error(`the prompt of ${commandId} on ${threadId} is nowhere`);
  }
}

function queueOf(entries: readonly ThreadEntry[]): string[] {
  const removed = new Map<string, number>();
  for (const { queueEntryId } of factsOf(entries, 'queue.removed'))
    removed.set(queueEntryId, (removed.get(queueEntryId) ?? 0) + 1);
  const added = factsOf(entries, 'queue.added').map(({ entry }) => entry.turnId);
  return added.filter((id) => added.filter((each) => each === id).length > (removed.get(id) ?? 0));
}

/** A prompt that was put into the queue when it was asked for, and not taken out of it by hand. */
interface Waiter {
  readonly turnId: string;
  /** A restart, or a start while the last connection is being closed, goes before all that are queued. */
  readonly isNext: boolean;
  /** Sequences; `Infinity`: it has not begun. */
  readonly askedAt: number;
  readonly begunAt: number;
}

function waitersOf(entries: readonly ThreadEntry[]): Waiter[] {
  const begun = new Map(
    entries.flatMap(({ sequence, facts }) =>
      facts.flatMap((fact) => (fact.type === 'turn.began' ? [[fact.turnId, sequence] as const] : [])),
    ),
  );
  const takenOut = new Set(
    factsOf(entries, 'queue.removed')
      .filter(({ reason }) => reason !== 'started')
      .map(({ queueEntryId }) => queueEntryId),
  );
  return entries.flatMap(({ input, facts, sequence: askedAt, outcome }) => {
    if (input.type !== 'turn.submit' || outcome !== 'applied') return [];
    const { turnId } = input.prompt;
    const isAdded = facts.some((fact) => fact.type === 'queue.added' && fact.entry.turnId === turnId);
    if (!isAdded || takenOut.has(turnId)) return [];
    return [{ turnId, isNext: input.mode !== 'queue', askedAt, begunAt: begun.get(turnId) ?? Infinity }];
  });
}

/** Queued prompts begin in their order, and those that are to be next before them. */
function checkOrder(entries: readonly ThreadEntry[]): void {
  const waiters = waitersOf(entries);
  for (const [index, later] of waiters.entries()) {
    for (const earlier of waiters.slice(0, index)) {
      const isOvertaken = earlier.begunAt > later.begunAt;
      const hasPassed = !earlier.isNext && earlier.begunAt > later.askedAt && earlier.begunAt < later.begunAt;
      if (later.isNext ? hasPassed : isOvertaken)
        throw new Error(`queued prompts ${earlier.turnId} and ${later.turnId} begin in the wrong order`);
    }
  }
}

/** What reaches the provider is in the journal, each prompt once, each answer as often as it was given. */
function checkHanded(handed: readonly Handed[], all: readonly ThreadEntry[]): void {
  const known = new Set(all.flatMap(({ facts }) => facts.map(fateOf)));
  const answers = [...factsOf(all, 'request.answering'), ...factsOf(all, 'request.refused')];
  const given = countOf(answers.map(({ requestId }) => requestId));
  const reached = countOf(handed.map(({ kind, id }) => `${kind} ${id}`));
  for (const { kind, id } of handed) {
    const count = reached.get(`${kind} ${id}`) ?? 0;
    const most = kind === 'prompt' ? 1 : (given.get(id) ?? 0);
    if (count > most)
      throw new Error(`${kind} ${id} reached the provider ${count} times, and ${most} were given`);
    if (kind === 'prompt' && !known.has(id.slice(0, id.lastIndexOf('.'))))
      throw new Error(`${kind} ${id} reached the provider and is not in the journal`);
  }
  const handedIds = new Set(handed.map(({ id }) => id.slice(0, id.lastIndexOf('.'))));
  const people = new Set(
    factsOf(all, 'turn.began').flatMap((fact) => (fact.origin === 'user' ? fact.turnId : [])),
  );
  for (const { turnId, outcome } of factsOf(all, 'turn.ended')) {
    if (outcome === 'completed' && people.has(turnId) && !handedIds.has(turnId))
      throw new Error(`turn ${turnId} completed, and its prompt never reached the provider`);
  }
}

function countOf(ids: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
