/** How long it takes to make a fork of a long thread, from the command to its commit; and to read a page of it. */
import { threadIdSchema } from '../../machines/domain/ids.ts';
import { SCRIPTED_CAPABILITIES } from '../helpers/scripted-provider.ts';
import { RuntimeRun } from '../helpers/start-runtime.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { percentile, type Figure } from './figure.ts';
import { openStore } from './stored-threads.ts';

const TURN_COUNT = 2_000;
const FORK_COUNT = 200;
const PAGE = { before: null, limit: 50 };

export async function measureFork(): Promise<readonly Figure[]> {
  const folder = makeTempFolder();
  const journal = openStore(folder.path);
  const run = await new RuntimeRun({
    journal,
    capabilities: { ...SCRIPTED_CAPABILITIES, fork: 'turn' },
  }).start();
  await run.create();
  const turnIds: string[] = [];
  for (let turn = 0; turn < TURN_COUNT; turn += 1) {
    const { turnId = '' } = await run.submit(`prompt ${turn}`);
    turnIds.push(turnId);
  }
  const newest = await forks(run, {});
  const early = await forks(run, { turnId: turnIds[10] });
  const last = threadIdSchema.parse((await run.do({ type: 'thread.fork' })).threadId);
  const startedAt = performance.now();
  run.runtime.reads.snapshot(last, PAGE);
  const readMs = performance.now() - startedAt;
  await run.runtime.stop(0);
  journal.close();
  folder.remove();
  const name = `fork of a thread of ${TURN_COUNT} turns`;
  return [
    { name, unit: 'ms, median', value: percentile(newest, 0.5), target: { atMost: 5 } },
    { name, unit: 'ms, 99 of 100', value: percentile(newest, 0.99) },
    {
      name: `${name}, after an early one`,
      unit: 'ms, median',
      value: percentile(early, 0.5),
      target: { atMost: 5 },
    },
    { name: '… its first page', unit: 'ms', value: readMs },
  ];
}

/** In ms. */
async function forks(run: RuntimeRun, more: Record<string, unknown>): Promise<number[]> {
  const took: number[] = [];
  for (let count = 0; count < FORK_COUNT; count += 1) {
    const startedAt = performance.now();
    await run.do({ type: 'thread.fork', ...more });
    took.push(performance.now() - startedAt);
  }
  return took;
}
