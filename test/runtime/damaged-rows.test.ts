import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openJournal } from '../../adapters/sqlite/index.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import { checkJournal } from '../helpers/check-journal.ts';
import { threadId } from '../helpers/server-runs.ts';
import { tempFolder } from '../helpers/sqlite-setup.ts';
import { RuntimeRun } from '../helpers/start-runtime.ts';

let openCount = 0;

function open(folder: string): Journal {
  openCount += 1;
  const journal = openJournal({ folder, now: () => openCount, makeEpoch: () => `e${openCount}` });
  onTestFinished(() => journal.close());
  return journal;
}

/** A store with two threads that were closed, damaged, and the next run on it. */
async function startDamaged(damage: string): Promise<{ run: RuntimeRun; journal: Journal }> {
  const folder = tempFolder();
  const first = open(folder);
  const before = await new RuntimeRun({ journal: first }).start();
  for (const id of ['t1', 't2']) {
    await before.create({ threadId: id, title: `title of ${id}` });
    await before.submit('one two', { threadId: id });
  }
  before.kill();
  first.close();
  const tool = new DatabaseSync(join(folder, 'threadchart.db'));
  tool.exec(damage);
  tool.close();
  const journal = open(folder);
  return { run: await new RuntimeRun({ journal }).start(), journal };
}

const titles = (run: RuntimeRun): string[] =>
  run.runtime.reads.listThreads({ limit: 9 }).rows.map((row) => `${row.status} ${row.title}`);

test.each([
  ['its row', `update threads set row = replace(row, 'title of t1', 'title of xx') where thread_id = 't1'`],
  ['its state', `update threads set state = '{}' where thread_id = 't1'`],
  ['its items', `update items set row = replace(row, 'one', 'won') where thread_id = 't1'`],
  ['its turns', `update turns set row = 'null' where thread_id = 't1'`],
])('a thread is mended from its journal where %s is damaged', async (_, damage) => {
  const { run, journal } = await startDamaged(damage);
  expect(titles(run).toSorted()).toEqual(['stopped title of t1', 'stopped title of t2']);
  expect(run.snapshot()).toMatchObject({ thread: { status: 'stopped' }, turn: { status: 'completed' } });
  await run.submit('three');
  expect(run.snapshot().items.map((item) => item.text)).toContain('three');
  expect(run.warnings).toContain('damaged rows were made again');
  checkJournal(journal);
});

test('a thread whose journal is damaged is quarantined, and the others work', async () => {
  const { run } = await startDamaged(
    `update entries set input = replace(input, 'one two', 'one too')
     where input like '%turn.submit%' and stream_id = (select stream_id from streams where name = 't1');
     delete from caches; update entries set input = replace(input, 'thread.based', 'thread.biased')
     where kind = 'base' and stream_id = (select stream_id from streams where name = 't1')`,
  );
  expect(await run.refusal({ type: 'turn.submit', text: 'three' })).toBe('THREAD_QUARANTINED');
  await run.submit('three', { threadId: 't2' });
  expect(run.snapshot(threadId('t2')).thread.status).toBe('ready');
  expect(titles(run).toSorted()).toEqual(['error title of t1', 'ready title of t2']);
});

test('a thread of which nothing can be read stands in the list with its failure', async () => {
  const { run } = await startDamaged(
    `update threads set row = '{}' where thread_id = 't1';
     update entries set input = '{}'
     where stream_id = (select stream_id from streams where name = 't1')`,
  );
  const { rows } = run.runtime.reads.listThreads({ limit: 9 });
  const damaged = rows.find((row) => row.id === 't1');
  expect(damaged).toMatchObject({ status: 'error', lastError: { code: 'THREAD_QUARANTINED' } });
  expect(rows.find((row) => row.id === 't2')).toMatchObject({ status: 'stopped', title: 'title of t2' });
  expect(() => run.snapshot()).toThrow('does not parse');
});
