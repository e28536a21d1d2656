import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import {
  baseOf,
  commandId,
  instanceId,
  instanceOf,
  itemId,
  itemOf,
  listed,
  receiptOf,
  requestOf,
  rowsOf,
  stateOf,
  threadId,
  tickOf,
  turnOf,
} from '../helpers/journal-samples.ts';
import { codeOf, JournalSubject, type JournalStore } from '../helpers/journal-subject.ts';
import { journalChoresContract } from './journal-chores.contract.ts';
import { journalRowsContract } from './journal-rows.contract.ts';

const A = threadId('a');
const B = threadId('b');
const CODEX = instanceId('codex');
const ALL = { limit: 1000, deltas: true };

/** What every implementation of the port promises. */
export function journalContract(makeStore: () => JournalStore): void {
  const subject = new JournalSubject();
  beforeEach(() => subject.start(makeStore()));
  afterEach(() => subject.end());

  journalRowsContract(subject);
  journalChoresContract(subject);

  describe('entries', () => {
    it('are none in a new store', () => {
      expect(subject.journal.lastSequence()).toBe(0);
      expect(subject.journal.threadIds()).toEqual([]);
      expect(subject.journal.instanceIds()).toEqual([]);
      expect(subject.journal.readThread(A, 0, ALL)).toEqual([]);
      expect(subject.journal.readInstance(CODEX, 0, ALL)).toEqual([]);
      expect(subject.journal.loadThread(A)).toEqual({ base: null, cache: null, version: 0 });
    });

    it('are read as they were committed, stream by stream', () => {
      const [a1, b1, a2] = [
        subject.entries.input('a', { commandId: 'c-1' }),
        subject.entries.input('b'),
        subject.entries.delta('a', 'hi'),
      ];
      const [codex, a3] = [subject.entries.instance('codex'), subject.entries.base('a', 'settled')];
      subject.commit({ entries: [a1, b1] });
      subject.commit({ entries: [a2, codex, a3] });
      expect(subject.journal.lastSequence()).toBe(5);
      expect(subject.journal.readThread(A, 0, ALL)).toEqual([a1, a2, a3]);
      expect(subject.journal.readThread(B, 0, ALL)).toEqual([b1]);
      expect(subject.journal.readInstance(CODEX, 0, ALL)).toEqual([codex]);
    });

    it('survive the end of the server', () => {
      const made = [
        subject.entries.input('a'),
        subject.entries.delta('a', 'ünï 🙂\u0000\n'),
        subject.entries.instance('codex'),
      ];
      subject.commit({ entries: made });
      subject.reopen('epoch-2', 200);
      expect([
        ...subject.journal.readThread(A, 0, ALL),
        ...subject.journal.readInstance(CODEX, 0, ALL),
      ]).toEqual(made);
      subject.commit({ entries: [subject.entries.input('a')] });
      expect(subject.journal.lastSequence()).toBe(4);
      expect(subject.journal.loadThread(A).version).toBe(3);
    });

    it('keep their outcome and a delta without its usual fact', () => {
      const failed = { ...subject.entries.input('a'), outcome: 'failed' as const, facts: [] };
      const ignored = { ...subject.entries.delta('a', 'late'), outcome: 'ignored' as const, facts: [] };
      const withFact = (itemWord: string, text: string): ThreadEntry => ({
        ...subject.entries.delta('a', 'one'),
        facts: [{ type: 'item.delta', itemId: itemId(itemWord), text }],
      });
      const odd = [withFact('item-1', 'two'), withFact('item-2', 'one')];
      subject.commit({ entries: [failed, ignored, ...odd] });
      expect(subject.journal.readThread(A, 0, ALL)).toEqual([failed, ignored, ...odd]);
    });

    it('are read in pages, with deltas only where asked for', () => {
      const made = [1, 2, 3].flatMap((number) => [
        subject.entries.input('a'),
        subject.entries.delta('a', `${number}`),
      ]);
      subject.commit({ entries: made });
      const page = (after: number, limit: number, deltas: boolean): number[] =>
        subject.journal.readThread(A, after, { limit, deltas }).map((entry) => entry.version);
      expect(page(0, 4, true)).toEqual([1, 2, 3, 4]);
      expect(page(4, 4, true)).toEqual([5, 6]);
      expect(page(6, 4, true)).toEqual([]);
      expect(page(0, 2, false)).toEqual([1, 3]);
      expect(page(3, 2, false)).toEqual([5]);
      subject.commit({ entries: [subject.entries.instance('codex'), subject.entries.instance('codex')] });
      const versions = (after: number, limit: number): number[] =>
        subject.journal.readInstance(CODEX, after, { limit, deltas: false }).map((entry) => entry.version);
      expect(versions(0, 1)).toEqual([1]);
      expect(versions(1, 5)).toEqual([2]);
    });

    it('list their streams in the order of creation, threads and instances of one name apart', () => {
      subject.commit({ entries: [subject.entries.input('z'), subject.entries.instance('z')] });
      subject.commit({
        entries: [subject.entries.input('a'), subject.entries.input('z'), subject.entries.instance('b')],
      });
      expect(subject.journal.threadIds()).toEqual(['z', 'a']);
      expect(subject.journal.instanceIds()).toEqual(['z', 'b']);
      expect(subject.journal.instanceVersion(instanceId('z'))).toBe(1);
      expect(subject.journal.instanceVersion(instanceId('a'))).toBe(0);
      expect(subject.journal.readThread(threadId('z'), 0, ALL).map((entry) => entry.version)).toEqual([1, 2]);
      expect(subject.journal.readInstance(instanceId('z'), 0, ALL)).toHaveLength(1);
    });

    it('are refused as a whole when a sequence or a version leaves a gap', () => {
      const [first, second] = [subject.entries.input('a'), subject.entries.input('a')];
      const put = (entry: object): unknown =>
        codeOf(() =>
          subject.commit({ entries: [first, { ...second, ...entry }], threads: [listed('a', {})] }),
        );
      expect(put({ sequence: 3 })).toBe('INTERNAL');
      expect(put({ sequence: 1 })).toBe('INTERNAL');
      expect(put({ version: 3 })).toBe('INTERNAL');
      expect(put({ version: 1 })).toBe('INTERNAL');
      expect(put({ stream: 'b' })).toBe('INTERNAL');
      expect(subject.journal.lastSequence()).toBe(0);
      expect(subject.journal.threadIds()).toEqual([]);
      expect(subject.journal.threadState(A)).toBeNull();
      subject.commit({ entries: [first, second] });
      expect(subject.journal.lastSequence()).toBe(2);
    });

    it('tell the version of a thread at a sequence', () => {
      const streams = 'aabacbaabaaacabbba'.split('');
      subject.commit({ entries: streams.map((stream) => subject.entries.input(stream)) });
      const expected = (sequence: number): number =>
        streams.slice(0, sequence).filter((stream) => stream === 'a').length;
      for (let sequence = 0; sequence <= streams.length + 1; sequence += 1) {
        expect(subject.journal.versionAt(A, sequence), `at ${sequence}`).toBe(expected(sequence));
      }
      expect(subject.journal.versionAt(threadId('unknown'), 5)).toBe(0);
    });

    it('tell the threads that changed after a sequence, by deltas and deletion too', () => {
      subject.commit({
        entries: [subject.entries.input('a'), subject.entries.input('b'), subject.entries.input('c')],
      });
      subject.commit({
        entries: [
          subject.entries.instance('codex'),
          subject.entries.delta('b', 'x'),
          subject.entries.input('a'),
        ],
      });
      subject.commit({ entries: [], threads: [listed('a', {}, { removal: 'deleted' })] });
      expect(subject.journal.changedSince(0).toSorted()).toEqual(['a', 'b', 'c']);
      expect(subject.journal.changedSince(3).toSorted()).toEqual(['a', 'b']);
      expect(subject.journal.changedSince(5)).toEqual(['a']);
      expect(subject.journal.changedSince(6)).toEqual([]);
    });
  });

  describe('loading', () => {
    it('starts from the newest base that took effect', () => {
      subject.commit({
        entries: [
          subject.entries.input('a'),
          subject.entries.base('a', 'old'),
          subject.entries.base('a', 'new'),
        ],
      });
      subject.commit({
        entries: [
          { ...subject.entries.base('a', 'broken'), outcome: 'failed' },
          subject.entries.base('b', 'of b'),
        ],
      });
      subject.commit({ entries: [subject.entries.input('a')] });
      expect(subject.journal.loadThread(A)).toEqual({
        base: { version: 3, base: baseOf('new') },
        cache: null,
        version: 5,
      });
    });

    it('finds the newest cache, which is the reader’s to judge', () => {
      const cache = { threadId: A, machineHash: 'hash-1', version: 1, charts: '{"a":1}' };
      subject.commit({ entries: [subject.entries.input('a')], caches: [cache] });
      expect(subject.journal.loadThread(A)).toEqual({ base: null, cache, version: 1 });
      subject.commit({
        entries: [subject.entries.input('a')],
        caches: [{ ...cache, version: 2, machineHash: 'hash-2' }],
      });
      expect(subject.journal.loadThread(A).cache).toEqual({ ...cache, version: 2, machineHash: 'hash-2' });
      expect(subject.journal.loadThread(B).cache).toBeNull();
    });
  });

  describe('commits', () => {
    const whole = () =>
      tickOf({
        entries: [subject.entries.input('a'), subject.entries.instance('codex')],
        receipts: [receiptOf('c-1', 'a', 1)],
        threads: [
          rowsOf('a', {
            state: stateOf('a'),
            turns: [turnOf('t-1', 1)],
            items: [itemOf('i-1', 1)],
            requests: [requestOf('r-1')],
          }),
        ],
        instances: [instanceOf('codex')],
        caches: [{ threadId: A, machineHash: 'hash-1', version: 1, charts: 'x' }],
      });
    const found = () => [
      subject.journal.lastSequence(),
      subject.journal.threadIds(),
      subject.journal.instanceIds(),
      subject.journal.receipt(commandId('c-1')),
      subject.journal.threadState(A),
      subject.journal.latestTurn(A),
      subject.journal.items(A, null, 10),
      subject.journal.openRequests(A),
      subject.journal.instance(CODEX),
      subject.journal.loadThread(A).cache,
    ];

    it('write nothing when they fail, and the same one succeeds later', () => {
      const write = whole();
      const empty = found();
      subject.store.failNextCommit('before');
      expect(codeOf(() => subject.journal.commit(write))).toBe('STORE_UNAVAILABLE');
      expect(found()).toEqual(empty);
      subject.journal.commit(write);
      expect(found()).not.toEqual(empty);
      expect(subject.journal.lastSequence()).toBe(2);
    });

    it('leave no trace of the streams and machines that a failed one began', () => {
      const [a, b] = [subject.entries.input('a'), subject.entries.input('b')];
      const first = { ...a, machineHash: 'of a' };
      subject.store.failNextCommit('before');
      expect(codeOf(() => subject.commit({ entries: [first] }))).toBe('STORE_UNAVAILABLE');
      const other = { ...b, sequence: 1, machineHash: 'of b' };
      const late = { ...a, sequence: 2, machineHash: 'of a' };
      subject.commit({ entries: [other] });
      subject.commit({ entries: [late] });
      expect(subject.journal.readThread(A, 0, ALL)).toEqual([late]);
      expect(subject.journal.readThread(B, 0, ALL)).toEqual([other]);
      expect(subject.journal.threadIds()).toEqual(['b', 'a']);
    });

    it('that fail after they were written are told by the last sequence', () => {
      subject.store.failNextCommit('after');
      expect(codeOf(() => subject.journal.commit(whole()))).toBe('STORE_UNAVAILABLE');
      expect(subject.journal.lastSequence()).toBe(2);
      expect(subject.journal.readThread(A, 0, ALL)).toHaveLength(1);
      subject.commit({ entries: [subject.entries.input('a')] });
      expect(subject.journal.lastSequence()).toBe(3);
    });

    it('keep a copy of what they are given', () => {
      const item = { ...itemOf('i-1', 1), text: 'as committed' };
      const entry = subject.entries.input('a');
      subject.commit({ entries: [entry], threads: [rowsOf('a', { items: [item] })] });
      item.text = 'changed later';
      Object.assign(entry.input, { title: 'changed later' });
      const read = subject.journal.item(A, itemId('i-1'))!;
      expect(read.text).toBe('as committed');
      // what is read is the reader's own, or cannot be changed
      Reflect.set(read, 'text', 'changed by the reader');
      expect(subject.journal.item(A, itemId('i-1'))?.text).toBe('as committed');
      expect(subject.journal.readThread(A, 0, ALL)[0]?.input).toMatchObject({ title: 'title 1' });
    });

    it('may have nothing to write', () => {
      subject.commit({});
      expect(subject.journal.lastSequence()).toBe(0);
    });
  });

  describe('receipts', () => {
    it('are found by their command, in later runs too', () => {
      const receipt = receiptOf('c-1', 'a', 1);
      subject.commit({ entries: [subject.entries.input('a')], receipts: [receipt] });
      subject.reopen('epoch-2', 200);
      expect(subject.journal.receipt(commandId('c-1'))).toEqual(receipt);
      expect(subject.journal.receipt(commandId('c-2'))).toBeNull();
    });

    it('are given once to a command', () => {
      subject.commit({ receipts: [receiptOf('c-1', 'a', 1)] });
      expect(codeOf(() => subject.commit({ receipts: [receiptOf('c-1', 'b', 2)] }))).toBe('INTERNAL');
      expect(subject.journal.receipt(commandId('c-1'))).toEqual(receiptOf('c-1', 'a', 1));
    });
  });

  describe('epochs', () => {
    it('list every start with its last sequence, the running one last', () => {
      expect(subject.journal.epoch).toEqual({ epoch: 'epoch-1', startedAt: 100, lastSequence: 0 });
      subject.commit({ entries: [subject.entries.input('a'), subject.entries.input('b')] });
      expect(subject.journal.epoch.lastSequence).toBe(2);
      subject.reopen('epoch-2', 200);
      subject.commit({ entries: [subject.entries.input('a')] });
      subject.reopen('epoch-3', 300);
      subject.reopen('epoch-4', 400);
      subject.commit({ entries: [subject.entries.input('a')] });
      expect(subject.journal.epoch).toEqual({ epoch: 'epoch-4', startedAt: 400, lastSequence: 4 });
      expect(subject.journal.epochs()).toEqual([
        { epoch: 'epoch-1', startedAt: 100, lastSequence: 2 },
        { epoch: 'epoch-2', startedAt: 200, lastSequence: 3 },
        { epoch: 'epoch-3', startedAt: 300, lastSequence: 3 },
        { epoch: 'epoch-4', startedAt: 400, lastSequence: 4 },
      ]);
    });
  });

  describe('the process table', () => {
    const row = { marker: 'm-1', instanceId: CODEX, pid: null, startTime: null, startedAt: 5 };

    it('keeps rows until they are removed, in later runs too', () => {
      subject.journal.putProcess(row);
      subject.journal.putProcess({ ...row, marker: 'm-2' });
      subject.journal.putProcess({ ...row, pid: 42, startTime: '123' });
      subject.reopen('epoch-2', 200);
      expect(subject.journal.processes()).toEqual([
        { ...row, pid: 42, startTime: '123' },
        { ...row, marker: 'm-2' },
      ]);
      subject.journal.removeProcess('m-1');
      subject.journal.removeProcess('unknown');
      expect(subject.journal.processes()).toEqual([{ ...row, marker: 'm-2' }]);
      subject.journal.removeProcess('m-2');
      expect(subject.journal.processes()).toEqual([]);
    });
  });

  describe('one owner', () => {
    it('is let in at a time', () => {
      expect(codeOf(() => subject.store.open({ epoch: 'epoch-2', startedAt: 200 }))).toBe('STORE_LOCKED');
      subject.commit({ entries: [subject.entries.input('a')] });
      subject.reopen('epoch-3', 300);
      expect(subject.journal.epochs().map((each) => each.epoch)).toEqual(['epoch-1', 'epoch-3']);
    });

    it('closes twice without harm and can do nothing afterwards', () => {
      subject.journal.close();
      subject.journal.close();
      expect(codeOf(() => subject.commit({ entries: [subject.entries.input('a')] }))).toBe('INTERNAL');
      expect(codeOf(() => subject.journal.threadState(A))).toBe('INTERNAL');
    });
  });
}
