import { describe, expect, it } from 'vitest';
import type { ThreadQuery, TurnRange } from '../../machines/ports/journal.ts';
import {
  instanceId,
  instanceOf,
  itemId,
  itemOf,
  listed,
  requestId,
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
const CODEX = instanceId('codex');
const ALL = { limit: 1000, deltas: true };

/** What the projections and the thread list promise. */
export function journalRowsContract(subject: JournalSubject): void {
  describe('rows', () => {
    it('replace the row of the same key and leave the others', () => {
      subject.commit({
        threads: [
          rowsOf('a', {
            state: stateOf('a', { title: 'old' }),
            turns: [turnOf('t-1', 1), turnOf('t-2', 2)],
            items: [itemOf('i-1', 1), itemOf('i-2', 2)],
            requests: [requestOf('r-1'), requestOf('r-2')],
          }),
          rowsOf('b', { items: [itemOf('i-1', 1, { text: 'of b' })] }),
        ],
      });
      const turn = turnOf('t-1', 1, { status: 'completed', endedAt: 5 });
      const item = itemOf('i-1', 1, { text: 'new' });
      const request = requestOf('r-1', { status: 'closed', outcome: 'accepted' });
      subject.commit({ threads: [rowsOf('a', { turns: [turn], items: [item], requests: [request] })] });
      expect(subject.journal.threadState(A)).toEqual(stateOf('a', { title: 'old' }));
      expect(subject.journal.turn(A, turnId('t-1'))).toEqual(turn);
      expect(subject.journal.turn(A, turnId('t-2'))).toEqual(turnOf('t-2', 2));
      expect(subject.journal.items(A, null, 10)).toEqual([item, itemOf('i-2', 2)]);
      expect(subject.journal.request(A, requestId('r-1'))).toEqual(request);
      expect(subject.journal.request(A, requestId('r-2'))).toEqual(requestOf('r-2'));
      expect(subject.journal.item(B, itemId('i-1'))?.text).toBe('of b');
    });

    it('are null where there are none', () => {
      expect(subject.journal.threadState(A)).toBeNull();
      expect(subject.journal.turn(A, turnId('t-1'))).toBeNull();
      expect(subject.journal.turnByNative(A, 'native')).toBeNull();
      expect(subject.journal.latestTurn(A)).toBeNull();
      expect(subject.journal.item(A, itemId('i-1'))).toBeNull();
      expect(subject.journal.items(A, null, 10)).toEqual([]);
      expect(subject.journal.openItems(A)).toEqual([]);
      expect(subject.journal.request(A, requestId('r-1'))).toBeNull();
      expect(subject.journal.openRequests(A)).toEqual([]);
      expect(subject.journal.instance(CODEX)).toBeNull();
    });

    it('of a thread keep all of its state', () => {
      const state = stateOf(
        'a',
        {
          status: 'error',
          lastError: { code: 'STALLED', message: 'm', class: 'provider', retryable: true },
        },
        {
          queue: {
            status: 'held',
            reason: 'failed',
            entries: [{ turnId: turnId('q-1'), text: 'x', attachments: [], intent: 'queued', failure: null }],
          },
          plan: { turnId: null, explanation: null, steps: [{ text: 'one', status: 'running' }] },
          removal: 'deleting',
        },
      );
      subject.commit({ threads: [rowsOf('a', { state })] });
      expect(subject.journal.threadState(A)).toEqual(state);
    });

    it('find turns by their ordinal and by the provider’s id, the newest first', () => {
      const turns = [
        turnOf('t-10', 10, { nativeTurnId: 'n' }),
        turnOf('t-9', 9, { nativeTurnId: 'n' }),
        turnOf('t-11', 11, { nativeTurnId: 'm' }),
      ];
      subject.commit({ threads: [rowsOf('a', { turns }), rowsOf('b', { turns: [turnOf('t-12', 12)] })] });
      expect(subject.journal.latestTurn(A)?.turnId).toBe('t-11');
      expect(subject.journal.turnByNative(A, 'n')?.turnId).toBe('t-10');
      expect(subject.journal.turnByNative(A, 'm')?.turnId).toBe('t-11');
      expect(subject.journal.turnByNative(B, 'n')).toBeNull();
    });

    it('page items by their ordinals, the newest page first, ascending inside', () => {
      const ordinals = [3, 1, 10, 2, 9];
      subject.commit({
        threads: [rowsOf('a', { items: ordinals.map((each) => itemOf(`i-${each}`, each)) })],
      });
      const page = (before: number | null, limit: number): number[] =>
        subject.journal.items(A, before, limit).map((item) => item.ordinal);
      expect(page(null, 2)).toEqual([9, 10]);
      expect(page(9, 2)).toEqual([2, 3]);
      expect(page(2, 2)).toEqual([1]);
      expect(page(1, 2)).toEqual([]);
      expect(page(null, 100)).toEqual([1, 2, 3, 9, 10]);
    });

    it('page turns by their ordinals, the newest first', () => {
      const turns = [3, 1, 10, 2].map((each) => turnOf(`t-${each}`, each));
      subject.commit({ threads: [rowsOf('a', { turns }), rowsOf('b', { turns: [turnOf('t-11', 11)] })] });
      const page = (range: TurnRange): number[] =>
        subject.journal.turns(A, range).map((turn) => turn.ordinal);
      expect(page({})).toEqual([10, 3, 2, 1]);
      expect(page({ limit: 2 })).toEqual([10, 3]);
      expect(page({ below: 3, limit: 2 })).toEqual([2, 1]);
      expect(page({ below: 1 })).toEqual([]);
      expect(page({ below: Infinity, limit: 1 })).toEqual([10]);
      expect(page({ above: 2 })).toEqual([10, 3]);
      expect(page({ above: 1, below: 10 })).toEqual([3, 2]);
    });

    it('tell which items and requests are open', () => {
      const open = { status: 'open' } as const;
      const items = [itemOf('i-2', 2, open), itemOf('i-1', 1, open), itemOf('i-3', 3)];
      const requests = [
        requestOf('r-2'),
        requestOf('r-1', { status: 'answering' }),
        requestOf('r-3', { status: 'undeliverable' }),
        requestOf('r-4', { status: 'closed', outcome: 'expired' }),
      ];
      subject.commit({ threads: [rowsOf('a', { items, requests })] });
      expect(subject.journal.openItems(A).map((item) => item.itemId)).toEqual(['i-1', 'i-2']);
      expect(subject.journal.openRequests(A).map((each) => each.requestId)).toEqual(['r-2', 'r-1', 'r-3']);
      const closed = [requestOf('r-2', { status: 'closed', outcome: 'accepted' })];
      subject.commit({ threads: [rowsOf('a', { items: [itemOf('i-1', 1)], requests: closed })] });
      expect(subject.journal.openItems(A).map((item) => item.itemId)).toEqual(['i-2']);
      expect(subject.journal.openRequests(A).map((each) => each.requestId)).toEqual(['r-1', 'r-3']);
    });

    it('tell which threads a restart has to see to, deleted ones too', () => {
      subject.commit({
        threads: [
          listed('ready', {}),
          listed('error', { status: 'error' }),
          listed('starting', { status: 'starting' }),
          listed('running', { status: 'running' }),
          listed('bound', { status: 'interrupted' }, { bound: true }),
          listed('deleting', {}, { bound: true, removal: 'deleting' }),
          { ...listed('waiting', {}), items: [itemOf('i', 1, { status: 'open' })] },
        ],
      });
      const unsettled = (): string[] => subject.journal.unsettledThreads().toSorted();
      expect(unsettled()).toEqual(['bound', 'deleting', 'running', 'starting', 'waiting']);
      subject.commit({
        threads: [
          listed('running', {}),
          listed('bound', {}),
          listed('ready', {}, { bound: true }),
          rowsOf('waiting', { items: [itemOf('i', 1)] }),
        ],
      });
      expect(unsettled()).toEqual(['deleting', 'ready', 'starting']);
    });

    it('of instances are replaced by their id', () => {
      subject.commit({ instances: [instanceOf('codex'), instanceOf('claude')] });
      subject.commit({ instances: [instanceOf('codex', { state: 'ready', version: '1' })] });
      expect(subject.journal.instance(CODEX)).toEqual(instanceOf('codex', { state: 'ready', version: '1' }));
      expect(subject.journal.instance(instanceId('claude'))).toEqual(instanceOf('claude'));
    });

    it('of one thread are all replaced by a rebuild', () => {
      const old = rowsOf('a', {
        state: stateOf('a'),
        turns: [turnOf('t-1', 1)],
        items: [itemOf('i-1', 1), itemOf('i-2', 2)],
        requests: [requestOf('r-1')],
      });
      const entry = subject.entries.input('a');
      subject.commit({ entries: [entry], threads: [old, rowsOf('b', { items: [itemOf('i-1', 1)] })] });
      const state = stateOf('a', { title: 'rebuilt' });
      subject.journal.replaceThread(rowsOf('a', { state, items: [itemOf('i-2', 5)] }));
      expect(subject.journal.threadState(A)).toEqual(state);
      expect(subject.journal.items(A, null, 10)).toEqual([itemOf('i-2', 5)]);
      expect(subject.journal.latestTurn(A)).toBeNull();
      expect(subject.journal.openRequests(A)).toEqual([]);
      expect(subject.journal.items(B, null, 10)).toHaveLength(1);
      expect(subject.journal.readThread(A, 0, ALL)).toEqual([entry]);
      subject.journal.replaceThread(rowsOf('a', {}));
      expect(subject.journal.threadState(A)).toBeNull();
    });
  });

  describe('the thread list', () => {
    const list = (query: Partial<ThreadQuery> = {}) => {
      const { rows, next } = subject.journal.listThreads({ limit: 50, ...query });
      return { ids: rows.map((row) => row.id), next };
    };

    it('has the newest change first and equal ones in a fixed order', () => {
      subject.commit({
        threads: [
          listed('a', { updatedAt: 2 }),
          listed('c', { updatedAt: 1 }),
          listed('b', { updatedAt: 2 }),
        ],
      });
      expect(list()).toEqual({ ids: ['b', 'a', 'c'], next: null });
      subject.commit({ threads: [listed('c', { updatedAt: 3 })] });
      expect(list().ids).toEqual(['c', 'b', 'a']);
    });

    it('returns rows as they were committed', () => {
      const { row } = stateOf('a', { title: 'Title', preview: 'text', openRequestCount: 2 });
      subject.commit({ threads: [listed('a', row)] });
      expect(subject.journal.listThreads({ limit: 1 })).toEqual({ rows: [row], next: null, unreadable: [] });
    });

    it('leaves out what is deleted or being deleted', () => {
      subject.commit({
        threads: [
          listed('a', {}),
          listed('b', {}, { removal: 'deleting' }),
          listed('c', {}, { removal: 'deleted' }),
        ],
      });
      expect(list().ids).toEqual(['a']);
      subject.commit({ threads: [listed('a', {}, { removal: 'deleting' })] });
      expect(list().ids).toEqual([]);
      expect(subject.journal.threadState(A)?.removal).toBe('deleting');
    });

    it('filters by archive and status', () => {
      subject.commit({
        threads: [
          listed('a', { archived: true, status: 'ready' }),
          listed('b', { status: 'running' }),
          listed('c', { status: 'ready' }),
        ],
      });
      expect(list().ids).toEqual(['c', 'b', 'a']);
      expect(list({ archived: false }).ids).toEqual(['c', 'b']);
      expect(list({ archived: true }).ids).toEqual(['a']);
      expect(list({ status: 'ready' }).ids).toEqual(['c', 'a']);
      expect(list({ status: 'ready', archived: false }).ids).toEqual(['c']);
      expect(list({ status: 'error' }).ids).toEqual([]);
    });

    it('finds text in title, folder and preview, ignoring case, with nothing special in it', () => {
      subject.commit({
        threads: [
          listed('a', { title: 'Fix 100% of the Bugs' }),
          listed('b', { cwd: '/home/Ärger/my_app' }),
          listed('c', { preview: 'It’s done\\now; "quoted"', archived: true }),
        ],
      });
      const search = (query: string): string[] => list({ query }).ids;
      expect(search('fix')).toEqual(['a']);
      expect(search('BUGS')).toEqual(['a']);
      expect(search('0%')).toEqual(['a']);
      expect(search('%')).toEqual(['a']);
      expect(search('_')).toEqual(['b']);
      expect(search('ÄRGER')).toEqual(['b']);
      expect(search('done\\NOW')).toEqual(['c']);
      expect(search('"quoted"')).toEqual(['c']);
      expect(search(`' or 1 --`)).toEqual([]);
      expect(search('')).toEqual(['c', 'b', 'a']);
      expect(list({ query: 'o', archived: false }).ids).toEqual(['b', 'a']);
    });

    it('goes on after a page where that ended, whatever has moved to the front', () => {
      const ids = Array.from({ length: 7 }, (_, index) => `t-${index}`);
      subject.commit({ threads: ids.map((id, index) => listed(id, { updatedAt: Math.floor(index / 2) })) });
      const first = list({ limit: 3 });
      expect(first.ids).toEqual(['t-6', 't-5', 't-4']);
      subject.commit({ threads: [listed('t-5', { updatedAt: 9 }), listed('new', { updatedAt: 10 })] });
      subject.commit({ threads: [listed('t-4', {}, { removal: 'deleted' })] });
      const second = list({ limit: 3, cursor: first.next! });
      expect(second.ids).toEqual(['t-3', 't-2', 't-1']);
      expect(list({ limit: 3, cursor: second.next! })).toEqual({ ids: ['t-0'], next: null });
      expect(list({ limit: 8 })).toMatchObject({ next: null });
    });

    it('refuses a cursor that it did not make', () => {
      for (const cursor of ['', 'x', 'bnVsbA', Buffer.from('["1","a"]').toString('base64url')]) {
        expect([cursor, codeOf(() => list({ cursor }))]).toEqual([cursor, 'INVALID_PARAMS']);
      }
    });
  });
}
