import { describe, expect, it } from 'vitest';
import type { Journal } from '../../../../machines/ports/journal.ts';
import {
  commandId,
  EntryMaker,
  instanceId,
  instanceOf,
  itemId,
  itemOf,
  receiptOf,
  requestOf,
  rowsOf,
  stateOf,
  threadId,
  tickOf,
  turnOf,
} from '../../../helpers/journal-samples.ts';
import { openAsTool, setUpJournal, thrownBy } from '../../../helpers/sqlite-setup.ts';

const A = threadId('a');
const ALL = { limit: 9, deltas: true };

interface Case {
  readonly table: string;
  readonly key: string;
  readonly damage: string;
  readonly read: (journal: Journal) => unknown;
}

const CASES: readonly Case[] = [
  {
    table: 'entries',
    key: '1',
    damage: `update entries set input = '{"type":"thread.setTitle"}'`,
    read: (j) => j.readThread(A, 0, ALL),
  },
  {
    table: 'entries',
    key: '1',
    damage: `update entries set input = '{"type":' where kind <> 'instance'`,
    read: (j) => j.readThread(A, 0, ALL),
  },
  {
    table: 'entries',
    key: '1',
    damage: `update entries set outcome = 'perhaps'`,
    read: (j) => j.readThread(A, 0, ALL),
  },
  {
    table: 'entries',
    key: '1',
    damage: `update entries set facts = '[{"type":"new"}]'`,
    read: (j) => j.readThread(A, 0, ALL),
  },
  {
    table: 'entries',
    key: '1',
    damage: `update entries set facts = null`,
    read: (j) => j.readThread(A, 0, ALL),
  },
  {
    table: 'entries',
    key: '2',
    damage: `update entries set input = '{}' where kind = 'base'`,
    read: (j) => j.loadThread(A),
  },
  {
    table: 'entries',
    key: '3',
    damage: `update entries set input = '{}'`,
    read: (j) => j.readInstance(instanceId('codex'), 0, ALL),
  },
  {
    table: 'receipts',
    key: 'c',
    damage: `update receipts set result = '[]'`,
    read: (j) => j.receipt(commandId('c')),
  },
  { table: 'threads', key: 'a', damage: `update threads set state = '{}'`, read: (j) => j.threadState(A) },
  { table: 'threads', key: 'a', damage: `update threads set state = 'null'`, read: (j) => j.threadState(A) },
  {
    table: 'threads',
    key: 'a',
    damage: `update threads set row = replace(row, 'work', 'wirk')`,
    read: (j) => j.threadState(A),
  },
  { table: 'turns', key: 'a t', damage: `update turns set row = '{}'`, read: (j) => j.latestTurn(A) },
  {
    table: 'items',
    key: 'a i',
    damage: `update items set row = json_remove(row, '$.body')`,
    read: (j) => j.item(A, itemId('i')),
  },
  { table: 'items', key: 'a i', damage: `update items set row = '{}'`, read: (j) => j.items(A, null, 5) },
  { table: 'requests', key: 'a r', damage: `update requests set row = '{}'`, read: (j) => j.openRequests(A) },
  {
    table: 'instances',
    key: 'codex',
    damage: `update instances set row = ''`,
    read: (j) => j.instance(instanceId('codex')),
  },
  { table: 'processes', key: 'm', damage: `update processes set pid = -5`, read: (j) => j.processes() },
];

/** Texts that parse and are not what was written. */
const FLIPS: readonly Case[] = [
  {
    table: 'entries',
    key: '1',
    damage: `update entries set input = replace(input, 'title 1', 'title 7'), facts = replace(facts, '1', '7')`,
    read: (j) => j.readThread(A, 0, ALL),
  },
  {
    table: 'entries',
    key: '1',
    damage: 'update entries set at = at + 1',
    read: (j) => j.readThread(A, 0, ALL),
  },
  {
    table: 'entries',
    key: '2',
    damage: `update entries set input = replace(input, '"x"', '"y"')`,
    read: (j) => j.loadThread(A),
  },
  {
    table: 'receipts',
    key: 'c',
    damage: `update receipts set fingerprint = 'another'`,
    read: (j) => j.receipt(commandId('c')),
  },
  {
    table: 'items',
    key: 'a i',
    damage: `update items set row = replace(row, 'text of i', 'text of j')`,
    read: (j) => j.items(A, null, 5),
  },
  {
    table: 'turns',
    key: 'a t',
    damage: `update turns set row = replace(row, 'running', 'failed')`,
    read: (j) => j.latestTurn(A),
  },
  {
    table: 'requests',
    key: 'a r',
    damage: `update requests set row = replace(row, 'ls', 'rm')`,
    read: (j) => j.openRequests(A),
  },
  {
    table: 'instances',
    key: 'codex',
    damage: `update instances set row = replace(row, 'unchecked', 'ready')`,
    read: (j) => j.instance(instanceId('codex')),
  },
];

describe('a damaged cache', () => {
  it.each([`update caches set version = -1`, `update caches set charts = '!'`])('is none: %s', (damage) => {
    const { journal, folder } = setUpJournal();
    const cache = { threadId: A, machineHash: 'h', version: 1, charts: 'x' };
    journal.commit(tickOf({ entries: [new EntryMaker().input('a')], caches: [cache] }));
    expect(journal.loadThread(A)).toEqual({ base: null, cache, version: 1 });
    openAsTool(folder).exec(damage);
    expect(journal.loadThread(A)).toEqual({ base: null, cache: null, version: 1 });
  });
});

describe('a damaged row of the thread list', () => {
  it('is left out and named, and paging goes on behind it', () => {
    const { journal, folder } = setUpJournal();
    const ids = ['a', 'b', 'c', 'd'];
    const threads = ids.map((id, index) => rowsOf(id, { state: stateOf(id, { updatedAt: 9 - index }) }));
    journal.commit(tickOf({ threads }));
    openAsTool(folder).exec(`update threads set row = '{}' where thread_id = 'b';
      update threads set row = replace(row, 'work', 'wirk') where thread_id = 'c'`);
    const first = journal.listThreads({ limit: 2 });
    expect(first).toMatchObject({ rows: [{ id: 'a' }], unreadable: ['b'] });
    const second = journal.listThreads({ limit: 1, cursor: first.next ?? '' });
    expect(second).toMatchObject({ rows: [], unreadable: ['c'] });
    const third = journal.listThreads({ limit: 1, cursor: second.next ?? '' });
    expect(third).toMatchObject({ rows: [{ id: 'd' }], unreadable: [], next: null });
  });
});

describe('a row that does not parse', () => {
  it.each([...CASES, ...FLIPS])(
    'of $table with the key $key is named: $damage',
    ({ table, key, damage, read }) => {
      const { journal, folder } = setUpJournal();
      const entries = new EntryMaker();
      const rows = { turns: [turnOf('t', 1)], items: [itemOf('i', 1)], requests: [requestOf('r')] };
      journal.commit(
        tickOf({
          entries: [entries.input('a'), entries.base('a', 'x'), entries.instance('codex')],
          receipts: [receiptOf('c', 'a', 1)],
          threads: [rowsOf('a', { state: stateOf('a'), ...rows })],
          instances: [instanceOf('codex')],
          caches: [{ threadId: A, machineHash: 'h', version: 1, charts: '' }],
        }),
      );
      journal.putProcess({
        marker: 'm',
        instanceId: instanceId('codex'),
        pid: 5,
        startTime: null,
        startedAt: 1,
      });
      read(journal);
      openAsTool(folder).exec(damage);
      const error = thrownBy(() => read(journal));
      expect(error).toMatchObject({ code: 'STORE_CORRUPT', details: { table, key } });
      expect(error.message).toContain(`row ${key} of ${table} does not parse`);
    },
  );
});
