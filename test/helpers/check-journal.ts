/** What must hold of a journal at any commit boundary, whatever happened before. */
import { isDeepStrictEqual } from 'node:util';
import { storeCharts, threadContextOf, type Charts } from '../../machines/charts.ts';
import type { TurnContext } from '../../machines/domain/context.ts';
import type { InstanceEntry, ThreadEntry } from '../../machines/domain/entry.ts';
import type { Fact } from '../../machines/domain/fact.ts';
import type { RequestId, ThreadId, TurnId } from '../../machines/domain/ids.ts';
import type { Request } from '../../machines/domain/request.ts';
import { evolveTimers, shiftTimers, type ArmedTimers } from '../../machines/domain/timer.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import { Stepper, type Stepped } from '../../machines/step.ts';
import { canonicalJson } from '../../server/runtime/fingerprint.ts';
import { loadThread } from '../../server/runtime/load-thread.ts';
import type { LoadedThread } from '../../server/runtime/loaded-thread.ts';
import { foldThread, rebuildThread } from '../../server/runtime/rebuild.ts';

const ALL = { limit: 1_000_000, deltas: true };
const PRUNE_COUNT = 100;
const stepper = new Stepper('thread');
const json = (value: unknown): string => canonicalJson(JSON.parse(JSON.stringify(value)));

function must(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`the journal is wrong: ${what}`);
}

function mustEqual(what: string, actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return;
  const left = json({ value: actual });
  const right = json({ value: expected });
  must(left === right, `${what}\n  expected ${right}\n  actual   ${left}`);
}

export interface CheckOptions {
  /** Threads as a runtime has them in memory, to be compared with the journal. */
  readonly loaded?: Iterable<LoadedThread>;
  /** Threads whose journal was broken on purpose. */
  readonly except?: readonly string[];
  /** Threads of which nothing is left but the numbers that they had. */
  readonly purged?: readonly ThreadId[];
}

/** Throws at the first thing that does not hold; prunes the journal, and looks again. */
export function checkJournal(
  journal: Journal,
  { loaded = [], except = [], purged = [] }: CheckOptions = {},
): void {
  const live = new Map([...loaded].map((thread) => [thread.threadId, thread]));
  checkNumbers(journal, purged);
  for (const threadId of journal.threadIds()) {
    const entries = journal.readThread(threadId, 0, ALL);
    if (except.includes(threadId)) continue;
    const [hash = ''] = new Set(entries.map((entry) => entry.machineHash));
    checkTurns(entries);
    checkRequests(entries);
    const pure = stepAgain(entries);
    const stored = loadThread(journal, threadId, hash);
    checkEqual(`${threadId} from the newest base`, stored, pure);
    const inMemory = live.get(threadId);
    if (inMemory !== undefined) checkEqual(`${threadId} in memory`, inMemory, pure);
    checkPrompts(entries, pure);
    checkRows(journal, threadId);
    checkState(journal, threadId, pure);
  }
  checkPruned(journal, { except, purged });
}

/** Without its deltas the journal makes the same rows. */
function checkPruned(journal: Journal, { except, purged }: Required<Omit<CheckOptions, 'loaded'>>): void {
  while (!journal.prune(PRUNE_COUNT, Infinity).isDone);
  checkNumbers(journal, purged);
  for (const threadId of journal.threadIds()) {
    if (!except.includes(threadId)) checkRows(journal, threadId);
  }
}

/** Numbers were given out without a gap: every one that is missing is of an entry that a thread has lost. */
function checkNumbers(journal: Journal, purged: readonly ThreadId[]): void {
  const instances = journal.instanceIds().map((id) => journal.readInstance(id, 0, ALL));
  const threads = journal.threadIds().map((id) => journal.readThread(id, 0, ALL));
  for (const entries of instances) checkPlaces(entries, 0);
  for (const [index, entries] of threads.entries()) {
    checkPlaces(entries, journal.prunedBefore(journal.threadIds()[index]!) ?? 0);
  }
  const all = [...instances, ...threads];
  const sequences = all.flatMap((entries) => entries.map((entry) => entry.sequence));
  must(new Set(sequences).size === sequences.length, 'a sequence is there twice');
  const versions = all.map((entries) => entries.at(-1)?.version ?? 0);
  const givenOut = sumOf([...versions, ...purged.map((threadId) => journal.threadVersion(threadId))]);
  must(givenOut === journal.lastSequence(), 'the last sequence is another one');
}

function checkPlaces(entries: readonly (ThreadEntry | InstanceEntry)[], prunedBefore: number): void {
  let before = { version: 0, sequence: 0 };
  for (const { stream, version, sequence } of entries) {
    const isNext = version === before.version + 1;
    const isPruned = version > before.version && version <= prunedBefore;
    must(isNext || isPruned, `version ${version} of ${stream} comes after ${before.version}`);
    must(sequence > before.sequence, `sequence ${sequence} of ${stream} comes after ${before.sequence}`);
    before = { version, sequence };
  }
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/** Each turn begins once and ends at most once, and only after it began. */
function checkTurns(entries: readonly ThreadEntry[]): void {
  const begun = new Set<TurnId>();
  const ended = new Set<TurnId>();
  for (const { sequence, facts } of entries) {
    for (const fact of facts) {
      if (fact.type === 'turn.began') {
        must(!begun.has(fact.turnId), `turn ${fact.turnId} begins twice, at ${sequence}`);
        begun.add(fact.turnId);
      } else if (fact.type === 'turn.ended') {
        must(!ended.has(fact.turnId), `turn ${fact.turnId} ends twice, at ${sequence}`);
        must(begun.has(fact.turnId), `turn ${fact.turnId} ends and never began`);
        ended.add(fact.turnId);
      }
    }
  }
}

/** A request is closed once, and none outlives its turn, task or connection. */
function checkRequests(entries: readonly ThreadEntry[]): void {
  const open = new Map<RequestId, Request>();
  for (const { sequence, facts } of entries) {
    for (const fact of facts) checkRequest(open, fact, sequence);
    const gone = facts.flatMap(ownerThatEnds);
    const left = [...open.values()].filter((request) =>
      ownersOf(request).some((owner) => gone.includes(owner)),
    );
    const names = left.map(({ requestId, owner }) => `${requestId} of the ${owner}`);
    must(left.length === 0, `requests outlive their owner at ${sequence}: ${names.join()}`);
  }
}

function checkRequest(open: Map<RequestId, Request>, fact: Fact, sequence: number): void {
  if (fact.type === 'request.opened') {
    const { request } = fact;
    must(!open.has(request.requestId), `request ${request.requestId} is open already, at ${sequence}`);
    open.set(request.requestId, request);
  } else if (fact.type === 'request.handedOver') {
    const request = open.get(fact.requestId);
    must(request?.taskId !== undefined, `request ${fact.requestId} is no task's, at ${sequence}`);
    if (request !== undefined) open.set(fact.requestId, { ...request, owner: fact.owner });
  } else if (fact.type === 'request.closed') {
    must(open.delete(fact.requestId), `request ${fact.requestId} is not open, at ${sequence}`);
  }
}

function ownersOf({ owner, turnId, taskId, connectionId }: Request): string[] {
  if (owner === 'turn') return [`turn ${turnId}`];
  return [`connection ${connectionId}`, ...(owner === 'task' ? [`task ${taskId}`] : [])];
}

function ownerThatEnds(fact: Fact): string[] {
  if (fact.type === 'turn.ended') return [`turn ${fact.turnId}`];
  if (fact.type === 'item.completed') return [`task ${fact.item.itemId}`];
  const isEnd = fact.type === 'connection.closed' || fact.type === 'connection.lost';
  return isEnd ? [`connection ${fact.connectionId}`] : [];
}

/** What was asked for is somewhere, and in one place only: no prompt vanishes and none is there twice. */
function checkPrompts(entries: readonly ThreadEntry[], { charts }: Pure): void {
  const places = new Map<string, string[]>();
  const put = (id: string, place: string): void => void places.set(id, [...(places.get(id) ?? []), place]);
  for (const fact of entries.flatMap((entry) => entry.facts)) putByFact(put, fact);
  putByCharts(put, charts);
  for (const { input, outcome, sequence } of entries) {
    if (input.type !== 'turn.submit' || outcome !== 'applied') continue;
    const found = places.get(input.prompt.turnId) ?? [];
    // the text of a new attempt that did not reach the provider goes back to the queue
    const isBack = found.length === 2 && found[0] === 'steered';
    must(found.length === 1 || isBack, `the prompt of ${sequence} is at ${found.join() || 'no place'}`);
  }
}

function putByCharts(put: (id: string, place: string) => void, { root, turn }: Charts): void {
  for (const entry of threadContextOf(root).queue.entries) put(entry.turnId, 'queued');
  const context: TurnContext | undefined = turn?.context;
  for (const steer of context?.steers ?? []) put(steer.turnId, 'steering');
  if (context?.sentSteer) put(context.sentSteer.turnId, 'steering');
}

function putByFact(put: (id: string, place: string) => void, fact: Fact): void {
  if (fact.type === 'turn.began') put(fact.turnId, 'begun');
  if (fact.type === 'turn.steered' || fact.type === 'turn.steerUnanswered') put(fact.steerId, 'steered');
  if (fact.type === 'queue.removed' && fact.reason === 'cancelled') put(fact.queueEntryId, 'cancelled');
}

interface Pure {
  readonly charts: Charts;
  readonly timers: ArmedTimers;
}

/** From the first entry to the last, by the pure driver: it must draw what is recorded, and agree with every base. */
export function stepAgain(entries: readonly ThreadEntry[]): Pure {
  let charts: Charts | null = null;
  let timers: ArmedTimers = {};
  for (const entry of entries) {
    const { input, sequence, at } = entry;
    const where = `entry ${sequence} (${input.type})`;
    if (input.type === 'thread.based') {
      if (charts === null) throw new Error('a base is not the first entry');
      const { root, connection } = storeCharts(charts);
      mustEqual(`${where}: the base`, input.charts, { root, connection });
      mustEqual(`${where}: the timers of the base`, input.timers, timers);
      continue;
    }
    if (input.type === 'runtime.clockJumped') timers = shiftTimers(timers, input.byMs);
    if ('timer' in input)
      timers = Object.fromEntries(Object.entries(timers).filter(([name]) => name !== input.timer));
    if (entry.kind !== 'input' || entry.outcome !== 'applied') continue;
    const stepped: Stepped = charts === null ? stepper.start(input) : stepper.step(charts, input);
    charts = stepped.charts;
    mustEqual(`${where}: its facts`, entry.facts, stepped.drawn.facts);
    timers = evolveTimers(timers, stepped.drawn.timers, { sequence, at });
  }
  if (charts === null) throw new Error('a thread has at least one entry');
  return { charts, timers };
}

function checkEqual(name: string, thread: LoadedThread | null, pure: Pure): void {
  if (thread === null) throw new Error(`${name} is not there`);
  mustEqual(name, thread.actor.store(), storeCharts(pure.charts));
  mustEqual(`${name}: timers`, thread.timers, pure.timers);
}

/** The rows are what a fold of the journal makes of nothing. */
function checkRows(journal: Journal, threadId: ThreadId): void {
  const before = rowsOf(journal, threadId);
  rebuildThread(journal, threadId);
  const after = rowsOf(journal, threadId);
  for (const [table, rows] of Object.entries(before)) {
    must(after[table] === rows, `${table} of ${threadId}\n  live    ${rows}\n  rebuilt ${after[table]}`);
  }
}

function rowsOf(journal: Journal, threadId: ThreadId): Record<string, string> {
  const { turns, requests } = foldThread(journal, threadId);
  return {
    state: JSON.stringify(journal.threadState(threadId)),
    items: JSON.stringify(journal.items(threadId, null, 1_000_000)),
    openItems: JSON.stringify(journal.openItems(threadId)),
    turns: JSON.stringify(turns.map(({ turnId }) => journal.turn(threadId, turnId))),
    requests: JSON.stringify(requests.map(({ requestId }) => journal.request(threadId, requestId))),
    openRequests: JSON.stringify(journal.openRequests(threadId)),
    checkpoints: JSON.stringify(journal.checkpointsAbove(threadId, 0)),
  };
}

/** What clients see agrees with the charts. */
function checkState(journal: Journal, threadId: ThreadId, { charts, timers }: Pure): void {
  const state = journal.threadState(threadId);
  if (state === null) throw new Error(`thread ${threadId} has no row`);
  const { row, queue, settings } = state;
  const { root, connection, turn } = charts;
  const context = threadContextOf(root);
  const isWorking = row.status === 'starting' || row.status === 'running';
  must(root.hasTag(row.status), `${threadId} is shown as ${row.status}`);
  must(row.activeTurnId === (context.activeTurn?.turnId ?? null), `the active turn of ${threadId}`);
  must(
    isWorking === (row.activeTurnId !== null),
    `${threadId} is ${row.status} with turn ${row.activeTurnId}`,
  );
  must(!isWorking || turn?.status === 'active', `${threadId} is ${row.status} without a turn`);
  mustEqual(`queue of ${threadId}`, queue, context.queue);
  mustEqual(`settings of ${threadId}`, settings, context.settings);
  const open = journal.openRequests(threadId).map((request) => String(request.requestId));
  const kept = [turn, connection].flatMap((chart) => Object.keys(chart?.context.requests ?? {}));
  must(row.openRequestCount === open.length, `${threadId} counts ${row.openRequestCount} requests`);
  const roster = journal.openItems(threadId).filter(({ background }) => background === true);
  must(row.backgroundCount === roster.length, `${threadId} counts ${row.backgroundCount} in the background`);
  const isAlone = context.link.phase === 'none' && !isWorking;
  const building = context.transfers
    .filter(({ status }) => status === 'building')
    .map((each) => each.transferId);
  // what the runtime does itself, and what another thread does, goes on without a connection
  const ofOthersOpen = journal
    .openItems(threadId)
    .filter(({ body }) => body.kind !== 'rollback' && body.kind !== 'delegation');
  const left = ofOthersOpen.map(({ itemId }) => itemId);
  must(!isAlone || left.every((id) => building.includes(id)), `items of unbound thread ${threadId} are open`);
  must(
    building.every((id) => left.includes(id)),
    `transfers of ${threadId} are not shown as open`,
  );
  mustEqual(`requests of ${threadId}`, open.toSorted(), kept.toSorted());
  const ofOthers = Object.values(timers).filter(({ owner }) => owner !== 'thread');
  must(!isAlone || ofOthers.length === 0, `timers are armed in unbound thread ${threadId}`);
}
