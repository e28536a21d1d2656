/** What is left on the disk of an answer that was streamed in small pieces, and how long the store works on it. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { itemIdSchema } from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import { RuntimeRun } from '../helpers/start-runtime.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { percentile, type Figure } from './figure.ts';
import { openStore } from './stored-threads.ts';

const ANSWER_LENGTH = 50_000;
const PIECE_LENGTH = 5;
const TURN_COUNT = 10;
const PRUNED_AT_ONCE = 256;
const WORDS = 'the quick brown fox jumps over the lazy dog and writes all of it down; ';

export async function measureStore(): Promise<readonly Figure[]> {
  const folder = makeTempFolder();
  const journal = openStore(folder.path);
  const run = await new RuntimeRun({ journal, deltaRetentionMs: 86_400_000 }).start();
  await run.create();
  const emptyBytes = journal.compact().afterBytes;
  for (let turn = 0; turn < TURN_COUNT; turn += 1) await streamAnswer(run, turn);
  const stepMs: number[] = [];
  for (let isDone = false; !isDone;) {
    const startedAt = performance.now();
    isDone = journal.prune(PRUNED_AT_ONCE, Infinity).isDone;
    stepMs.push(performance.now() - startedAt);
  }
  const streamedBytes = journal.compact().beforeBytes;
  const text = TURN_COUNT * ANSWER_LENGTH;
  const figures = [
    {
      name: '50 KB answers streamed in pieces of 5, pruned',
      unit: 'bytes of database per byte',
      value: (statSync(join(folder.path, 'threadchart.db')).size - emptyBytes) / text,
      target: { atMost: 3 },
    },
    { name: '… entries', unit: 'bytes per byte', value: tableBytes(folder.path, 'entries') / text },
    { name: '… items', unit: 'bytes per byte', value: tableBytes(folder.path, 'items') / text },
    { name: '… before pruning', unit: 'bytes per byte', value: (streamedBytes - emptyBytes) / text },
    { name: 'a step of pruning, 256 versions', unit: 'ms, median', value: percentile(stepMs, 0.5) },
    { name: 'a step of pruning, 256 versions', unit: 'ms, 99 of 100', value: percentile(stepMs, 0.99) },
  ];
  await run.runtime.stop(0);
  journal.close();
  folder.remove();
  return figures;
}

async function streamAnswer(run: RuntimeRun, turn: number): Promise<void> {
  await run.submit('wait');
  const itemId = itemIdSchema.parse(`answer-${turn}`);
  const text = WORDS.repeat(Math.ceil(ANSWER_LENGTH / WORDS.length)).slice(0, ANSWER_LENGTH);
  const place = { connectionId: 't1#1', ...byNative(null) };
  const report = (input: object): void => {
    run.provider.report('t1', input as ProviderReport);
    run.settle();
  };
  const body = { kind: 'assistant_message' };
  report({ type: 'provider.itemStarted', ...place, item: { itemId, body, text: '', status: 'open' } });
  for (let from = 0; from < text.length; from += PIECE_LENGTH) {
    const piece = text.slice(from, from + PIECE_LENGTH);
    report({ type: 'provider.itemDelta', connectionId: 't1#1', itemId, text: piece });
  }
  report({ type: 'provider.itemCompleted', ...place, item: { itemId, body, text, status: 'completed' } });
  await run.do({ type: 'turn.interrupt' });
  run.ticks.length = 0;
}

/** With the indexes of the table. */
function tableBytes(folder: string, table: string): number {
  const sqlite = new DatabaseSync(join(folder, 'threadchart.db'), { readOnly: true });
  const found = sqlite
    .prepare('select sum(pgsize) as bytes from dbstat join sqlite_schema using (name) where tbl_name = ?')
    .get(table);
  sqlite.close();
  return Number(found?.['bytes'] ?? 0);
}
