import { describe, expect, it } from 'vitest';
import { attachmentIdSchema, connectionIdOf } from '../../machines/domain/ids.ts';
import type { InstanceEntry, ThreadEntry } from '../../machines/domain/entry.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import {
  commandId,
  instanceId,
  itemId,
  itemOf,
  receiptOf,
  requestOf,
  rowsOf,
  stateOf,
  threadId,
  turnId,
  turnOf,
} from '../helpers/journal-samples.ts';
import { codeOf, type JournalSubject } from '../helpers/journal-subject.ts';

const A = threadId('a');
const B = threadId('b');
const ALL = { limit: 1000, deltas: true };
const LONG_AGO = 1;

const versionsOf = (entries: readonly ThreadEntry[]): number[] => entries.map((entry) => entry.version);

/** Until nothing is left; how much each step removed. */
function pruneAll(journal: Journal, limit: number): number[] {
  const counts: number[] = [];
  for (let isDone = false; !isDone;) {
    const step = journal.prune(limit, Infinity);
    counts.push(step.removedCount);
    isDone = step.isDone;
  }
  return counts;
}

function purgeAll(journal: Journal, limit: number): number[] {
  const counts: number[] = [];
  for (let isDone = false; !isDone;) {
    const step = journal.purge(A, limit);
    counts.push(step.removedCount);
    isDone = step.isDone;
  }
  return counts;
}

/** What pruning and purging promise. */
export function journalChoresContract(subject: JournalSubject): void {
  const prompt = (stream: string, ids: readonly string[]): ThreadEntry =>
    subject.entries.input(stream, {
      commandId: `submit-${stream}`,
      input: {
        type: 'turn.submit',
        mode: 'start',
        expected: null,
        prompt: {
          turnId: turnId('t-1'),
          text: 'look',
          attachments: ids.map((id) => attachmentIdSchema.parse(id)),
        },
      },
      facts: [],
    });

  describe('pruning', () => {
    it('has nothing to do in a new store', () => {
      expect(subject.journal.prune(100, Infinity)).toEqual({ removedCount: 0, isDone: true });
      expect(subject.journal.prunedBefore(A)).toBeNull();
    });

    it('removes the deltas before the newest base, and nothing else', () => {
      const made = [
        subject.entries.input('a'),
        subject.entries.delta('a', '1'),
        subject.entries.input('a'),
        subject.entries.delta('a', '2'),
        subject.entries.base('a', 'old'),
        subject.entries.delta('a', '3'),
        subject.entries.base('a', 'new'),
        subject.entries.delta('a', '4'),
        subject.entries.delta('b', '5'),
      ];
      subject.commit({ entries: made });
      pruneAll(subject.journal, 100);
      const left = subject.journal.readThread(A, 0, ALL);
      expect(left).toEqual([made[0], made[2], made[4], made[6], made[7]]);
      expect(subject.journal.readThread(B, 0, ALL)).toEqual([made[8]]);
      expect(subject.journal.prunedBefore(A)).toBe(7);
      expect(subject.journal.prunedBefore(B)).toBeNull();
    });

    it('goes on where it stopped, in steps of a bounded size, in later runs too', () => {
      subject.commit({ entries: [subject.entries.input('a'), subject.entries.input('b')] });
      const deltas = Array.from({ length: 10 }, (_each, index) => subject.entries.delta('a', `${index}`));
      subject.commit({ entries: [...deltas, subject.entries.base('a', 'x')] });
      const first = subject.journal.prune(4, Infinity);
      expect(first.isDone).toBe(false);
      expect(first.removedCount).toBeLessThanOrEqual(4);
      subject.reopen('epoch-2', 200);
      const counts = pruneAll(subject.journal, 4);
      expect(first.removedCount + counts.reduce((sum, count) => sum + count, 0)).toBe(10);
      expect(Math.max(...counts)).toBeLessThanOrEqual(4);
      expect(versionsOf(subject.journal.readThread(A, 0, ALL))).toEqual([1, 12]);
      expect(subject.journal.prunedBefore(A)).toBe(12);
    });

    it('sees to every thread, and again after each base', () => {
      for (const stream of ['a', 'b', 'a']) {
        subject.commit({
          entries: [subject.entries.delta(stream, 'x'), subject.entries.base(stream, 'x')],
        });
        pruneAll(subject.journal, 100);
      }
      expect(versionsOf(subject.journal.readThread(A, 0, ALL))).toEqual([2, 4]);
      expect(versionsOf(subject.journal.readThread(B, 0, ALL))).toEqual([2]);
      expect([A, B].map((id) => subject.journal.prunedBefore(id))).toEqual([4, 2]);
    });

    it('leaves the deltas before a base that is young', () => {
      const made = [subject.entries.delta('a', 'x'), subject.entries.base('a', 'old')];
      subject.commit({
        entries: [...made, subject.entries.delta('a', 'y'), subject.entries.base('a', 'new')],
      });
      const at = made[1]!.at;
      expect(subject.journal.prune(100, at)).toEqual({ removedCount: 0, isDone: true });
      expect(subject.journal.prune(100, at + 1).removedCount).toBe(1);
      expect(versionsOf(subject.journal.readThread(A, 0, ALL))).toEqual([2, 3, 4]);
      expect(subject.journal.prune(100, at + 1)).toEqual({ removedCount: 0, isDone: true });
      expect(subject.journal.prune(100, Infinity)).toEqual({ removedCount: 1, isDone: true });
      expect(versionsOf(subject.journal.readThread(A, 0, ALL))).toEqual([2, 4]);
    });

    it('leaves numbers, pages and places as they are', () => {
      subject.commit({
        entries: [
          subject.entries.input('a'),
          subject.entries.delta('a', 'x'),
          subject.entries.delta('a', 'y'),
          subject.entries.base('a', 'label'),
        ],
      });
      pruneAll(subject.journal, 100);
      subject.reopen('epoch-2', 200);
      expect(subject.journal.lastSequence()).toBe(4);
      expect(subject.journal.threadVersion(A)).toBe(4);
      expect(subject.journal.loadThread(A)).toMatchObject({ version: 4, base: { version: 4 } });
      expect([0, 1, 2, 3, 4, 5].map((sequence) => subject.journal.versionAt(A, sequence))).toEqual([
        0, 1, 1, 1, 4, 4,
      ]);
      expect(subject.journal.changedSince(3)).toEqual(['a']);
      expect(versionsOf(subject.journal.readThread(A, 1, { limit: 1, deltas: true }))).toEqual([4]);
      expect(versionsOf(subject.journal.readThread(A, 2, ALL))).toEqual([4]);
      subject.commit({ entries: [subject.entries.input('a')] });
      expect(versionsOf(subject.journal.readThread(A, 3, ALL))).toEqual([4, 5]);
    });
  });

  describe('purging', () => {
    const commitDeleted = (): void => {
      const entries = [
        prompt('a', ['shared', 'own']),
        ...Array.from({ length: 5 }, (_each, index) => subject.entries.delta('a', `${index}`)),
        subject.entries.base('a', 'x'),
      ];
      subject.commit({
        entries,
        receipts: [receiptOf('submit-a', 'a', 1)],
        threads: [
          rowsOf('a', {
            state: stateOf('a', { title: 'secret', updatedAt: 50 }, { removal: 'deleted' }),
            turns: [turnOf('t-1', 1)],
            items: [itemOf('i-1', 1), itemOf('i-2', 2)],
            requests: [requestOf('r-1')],
          }),
        ],
        caches: [{ threadId: A, machineHash: 'h', version: 1, charts: 'x' }],
      });
    };

    it('is for deleted threads only', () => {
      subject.commit({
        entries: [subject.entries.input('a')],
        threads: [rowsOf('a', { state: stateOf('a') })],
      });
      expect(codeOf(() => subject.journal.beginPurge(A))).toBe('THREAD_NOT_DELETED');
      expect(codeOf(() => subject.journal.beginPurge(B))).toBe('THREAD_NOT_FOUND');
      expect(subject.journal.purges()).toEqual([]);
    });

    it('finds the threads that were deleted before a time, the oldest first', () => {
      const removal = 'deleted';
      subject.commit({
        threads: [
          rowsOf('a', { state: stateOf('a', { updatedAt: 30 }, { removal }) }),
          rowsOf('b', { state: stateOf('b', { updatedAt: 20 }, { removal }) }),
          rowsOf('c', { state: stateOf('c', { updatedAt: 40 }, { removal }) }),
          rowsOf('d', { state: stateOf('d', { updatedAt: 10 }) }),
        ],
      });
      expect(subject.journal.deletedThreads(40, 10)).toEqual(['b', 'a']);
      expect(subject.journal.deletedThreads(1000, 2)).toEqual(['b', 'a']);
      subject.journal.beginPurge(B);
      expect(subject.journal.deletedThreads(1000, 10)).toEqual(['a', 'c']);
      expect(subject.journal.purges()).toEqual(['b']);
    });

    it('leaves those that living threads descend from', () => {
      const of = (id: string, parentId: string | null, removal: 'none' | 'deleted') =>
        rowsOf(id, { state: stateOf(id, { parentId: parentId as never, updatedAt: 1 }, { removal }) });
      const threads = [of('a', null, 'deleted'), of('b', 'a', 'deleted'), of('c', 'b', 'none')];
      subject.commit({ threads: [...threads, of('d', null, 'deleted'), of('e', 'd', 'deleted')] });
      expect(subject.journal.deletedThreads(1000, 10).toSorted()).toEqual(['d', 'e']);
      subject.commit({ threads: [of('c', 'b', 'deleted')] });
      expect(subject.journal.deletedThreads(1000, 10)).toHaveLength(5);
    });

    it('takes everything of the thread but a tombstone, in bounded steps', () => {
      commitDeleted();
      subject.commit({ entries: [subject.entries.input('b')] });
      subject.journal.beginPurge(A);
      const counts = purgeAll(subject.journal, 3);
      expect(Math.max(...counts.slice(0, -1))).toBeLessThanOrEqual(3);
      subject.journal.endPurges([A]);
      expect(subject.journal.purges()).toEqual([]);
      expect(subject.journal.readThread(A, 0, ALL)).toEqual([]);
      expect(subject.journal.receipt(commandId('submit-a'))).toBeNull();
      expect(subject.journal.latestTurn(A)).toBeNull();
      expect(subject.journal.items(A, null, 10)).toEqual([]);
      expect(subject.journal.item(A, itemId('i-1'))).toBeNull();
      expect(subject.journal.openRequests(A)).toEqual([]);
      expect(subject.journal.loadThread(A)).toEqual({ base: null, cache: null, version: 7 });
      const state = subject.journal.threadState(A);
      expect(state).toMatchObject({ removal: 'deleted', row: { id: 'a', title: '', cwd: '/' } });
      expect(JSON.stringify(state)).not.toContain('secret');
      expect(subject.journal.readThread(B, 0, ALL)).toHaveLength(1);
    });

    it('takes its words from what its instance was told', () => {
      const told = (stream: string): InstanceEntry => ({
        ...subject.entries.instance('codex'),
        input: {
          type: 'instance.acquire',
          work: {
            type: 'connection.open',
            threadId: threadId(stream),
            connectionId: connectionIdOf(threadId(stream), 1),
            resume: null,
            settings: stateOf(stream).settings,
          },
        },
      });
      commitDeleted();
      const [own, other] = [told('a'), told('b')];
      subject.commit({ entries: [own, other] });
      subject.journal.beginPurge(A);
      const [purged, kept] = subject.journal.readInstance(instanceId('codex'), 0, ALL);
      expect(kept).toEqual(other);
      expect(purged).toMatchObject({ sequence: own.sequence, facts: own.facts });
      expect(purged?.input).toMatchObject({ work: { threadId: 'a', settings: { cwd: '/' } } });
    });

    it('is remembered, so that a later run ends it', () => {
      commitDeleted();
      subject.journal.beginPurge(A);
      subject.journal.purge(A, 3);
      subject.reopen('epoch-2', 200);
      expect(subject.journal.purges()).toEqual(['a']);
      purgeAll(subject.journal, 3);
      subject.journal.endPurges([A]);
      subject.reopen('epoch-3', 300);
      expect(subject.journal.purges()).toEqual([]);
      expect(subject.journal.threadIds()).toEqual([]);
      expect(subject.journal.threadVersion(A)).toBe(7);
      expect(subject.journal.prune(100, Infinity)).toEqual({ removedCount: 0, isDone: true });
    });

    it('gives no number away twice, even if the thread had the last ones', () => {
      commitDeleted();
      subject.journal.beginPurge(A);
      purgeAll(subject.journal, 100);
      subject.journal.endPurges([A]);
      subject.reopen('epoch-2', 200);
      expect(subject.journal.lastSequence()).toBe(7);
      subject.commit({ entries: [subject.entries.input('b'), subject.entries.input('a')] });
      expect(subject.journal.threadVersion(A)).toBe(8);
      expect(subject.journal.lastSequence()).toBe(9);
    });

    it('keeps the tombstone when the rows are replaced', () => {
      commitDeleted();
      subject.journal.beginPurge(A);
      purgeAll(subject.journal, 100);
      const state = subject.journal.threadState(A);
      subject.journal.replaceThread(rowsOf('a', {}));
      expect(subject.journal.threadState(A)).toEqual(state);
      expect(subject.journal.deletedThreads(Number.MAX_SAFE_INTEGER, 10)).toEqual([]);
      expect(subject.journal.listThreads({ limit: 10 }).rows).toEqual([]);
    });

    it('knows the attachments that no other thread has used', () => {
      commitDeleted();
      subject.commit({ entries: [prompt('b', ['shared'])] });
      const body = { kind: 'user_message' as const, intent: 'start' as const };
      const attachments = [attachmentIdSchema.parse('in-a-message')];
      subject.commit({
        threads: [rowsOf('a', { items: [itemOf('i-9', 9, { body: { ...body, attachments } })] })],
      });
      expect(subject.journal.attachmentsOnlyOf([A]).toSorted()).toEqual(['in-a-message', 'own']);
      expect(subject.journal.attachmentsOnlyOf([B])).toEqual([]);
      expect(subject.journal.attachmentsOnlyOf([A, B]).toSorted()).toEqual(['in-a-message', 'own', 'shared']);
      subject.journal.beginPurge(A);
      purgeAll(subject.journal, 100);
      expect(subject.journal.attachmentsOnlyOf([A])).toHaveLength(2);
      subject.journal.endPurges([A]);
      expect(subject.journal.attachmentsOnlyOf([A])).toEqual([]);
      expect(subject.journal.attachmentsOnlyOf([B])).toEqual(['shared']);
    });
  });

  describe('compacting', () => {
    it('changes nothing that can be read', () => {
      const made = [subject.entries.input('a'), subject.entries.delta('a', 'x')];
      subject.commit({ entries: made, threads: [rowsOf('a', { state: stateOf('a') })] });
      const { beforeBytes, afterBytes } = subject.journal.compact();
      expect(afterBytes).toBeLessThanOrEqual(beforeBytes);
      expect(subject.journal.readThread(A, 0, ALL)).toEqual(made);
      expect(subject.journal.threadState(A)).toEqual(stateOf('a'));
      subject.commit({ entries: [subject.entries.input('a')] });
      expect(subject.journal.threadVersion(A)).toBe(3);
      expect(subject.journal.deletedThreads(LONG_AGO, 1)).toEqual([]);
    });
  });
}
