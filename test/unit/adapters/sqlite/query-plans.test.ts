import type { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, vi } from 'vitest';
import { EntryMaker, listed, threadId, tickOf } from '../../../helpers/journal-samples.ts';
import { setUpJournal } from '../../../helpers/sqlite-setup.ts';

/** Small tables, or lists that are wanted whole. */
/** An index of what is open, which is little, however much is stored. */
const OPEN_ITEMS = /SCAN items USING COVERING INDEX items_open/;
const READ_WHOLE =
  /from epochs|from processes|from prunable|from purges|from streams where kind = '|last' as key, max/;
const THREAD_COUNT = 10_000;

/** Every statement that a journal makes, in use for each kind of list. */
function collectSql(): { sqlite: DatabaseSync; statements: string[] } {
  const statements: string[] = [];
  const { journal, sqlite } = setUpJournal({
    onOpen: (connection) => {
      const prepare = connection.prepare.bind(connection);
      vi.spyOn(connection, 'prepare').mockImplementation((sql: string) => {
        statements.push(sql);
        return prepare(sql);
      });
    },
  });
  for (const archived of [{}, { archived: false }]) {
    for (const status of [{}, { status: 'ready' as const }]) {
      for (const query of [{}, { query: 'x' }])
        journal.listThreads({ limit: 50, ...archived, ...status, ...query });
    }
  }
  return { sqlite, statements };
}

function planOf(sqlite: DatabaseSync, sql: string): string[] {
  const steps = sqlite.prepare(`explain query plan ${sql}`).all();
  return steps.map((step) => String(step['detail']));
}

describe('the statements', () => {
  it('find their rows by an index and sort nothing, whatever is stored', () => {
    const { sqlite, statements } = collectSql();
    const reads = statements.filter(
      (sql) => /^\s*(select|update|delete)/i.test(sql) && !READ_WHOLE.test(sql),
    );
    expect(reads.length).toBeGreaterThan(25);
    for (const sql of reads) {
      const plan = planOf(sqlite, sql);
      const wide = plan.filter((step) => /SCAN|TEMP B-TREE/.test(step) && !OPEN_ITEMS.test(step));
      expect([sql, wide]).toEqual([sql, []]);
    }
  });

  it('find the last sequence and the streams without going through entries', () => {
    const { sqlite, statements } = collectSql();
    const last = statements.find((sql) => sql.includes('max(sequence)'))!;
    expect(planOf(sqlite, last).filter((step) => step.includes(' s') || step.startsWith('SEARCH'))).toEqual([
      'SEARCH entries',
      'SEARCH streams USING COVERING INDEX streams_purged (last_sequence>?)',
    ]);
    const pages = statements.filter((sql) => sql.includes('order by updated_at desc'));
    expect(pages).toHaveLength(8);
    expect(planOf(sqlite, pages[0]!)).toEqual([
      'SEARCH threads USING INDEX threads_listed ((updated_at,thread_id)<(?,?))',
    ]);
  });

  it('read as many rows of 10,000 threads as of a few', () => {
    const { journal } = setUpJournal();
    const entries = new EntryMaker();
    const ids = Array.from({ length: THREAD_COUNT }, (_, index) => `t-${index}`);
    journal.commit(
      tickOf({
        entries: ids.map((id) => entries.input(id)),
        threads: ids.map((id, index) => listed(id, { updatedAt: index, archived: index % 2 === 0 })),
      }),
    );
    const first = journal.listThreads({ limit: 50, archived: false });
    expect(first.rows.map((row) => row.id).slice(0, 2)).toEqual(['t-9999', 't-9997']);
    const seen = new Set(first.rows.map((row) => row.id));
    for (let cursor = first.next; cursor !== null;) {
      const page = journal.listThreads({ limit: 200, archived: false, cursor });
      for (const row of page.rows) seen.add(row.id);
      cursor = page.next;
    }
    expect(seen.size).toBe(THREAD_COUNT / 2);
    expect(journal.changedSince(THREAD_COUNT - 2)).toEqual(['t-9998', 't-9999']);
    expect(journal.versionAt(threadId('t-5'), THREAD_COUNT)).toBe(1);
  });

  it('tell the changed threads of a long time by their last entries', () => {
    const { journal } = setUpJournal();
    const entries = new EntryMaker();
    journal.commit(tickOf({ entries: [entries.input('old'), entries.input('a'), entries.input('b')] }));
    const many = Array.from({ length: 25_000 }, () => entries.delta('a', 'x'));
    journal.commit(tickOf({ entries: many }));
    expect(journal.changedSince(1)).toEqual(['a', 'b']);
    expect(journal.changedSince(3)).toEqual(['a']);
    expect(journal.versionAt(threadId('a'), 20_000)).toBe(19_998);
  });
});
