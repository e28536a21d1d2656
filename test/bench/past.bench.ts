/** Looking back: any moment of a thread of 100,000 events. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Journal } from '../../machines/ports/journal.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { RuntimeRun, THREAD } from '../helpers/start-runtime.ts';
import { percentile, type Figure } from './figure.ts';
import { reportItem } from './report-item.ts';
import { openStore } from './stored-threads.ts';

const ENTRY_COUNT = 100_000;
/** Of one tick. */
const BATCH_COUNT = 60;
const LOOK_COUNT = 200;
const QUERY = { before: null, limit: 50, contexts: false };

export async function measurePast(): Promise<readonly Figure[]> {
  const folder = makeTempFolder();
  const journal = openStore(folder.path);
  try {
    return await measure(journal);
  } finally {
    journal.close();
    folder.remove();
  }
}

async function measure(journal: Journal): Promise<Figure[]> {
  const run = await new RuntimeRun({ journal }).start();
  await run.create();
  await run.submit('wait');
  for (let item = 0; item < ENTRY_COUNT / 2; item += 1) {
    reportItem(run, item);
    if (item % BATCH_COUNT === 0) run.settle();
  }
  await run.do({ type: 'turn.interrupt' });
  const last = journal.lastSequence();
  const heapBefore = heapBytes();
  const first = await look(run, last - 1);
  const heldMb = (heapBytes() - heapBefore) / 1e6;
  const looks: number[] = [];
  for (let index = 0; index < LOOK_COUNT; index += 1) {
    looks.push(await look(run, 100 + Math.floor(((last - 100) * index) / LOOK_COUNT)));
  }
  await run.runtime.stop(0);
  const name = 'a thread of 100,000 events at an earlier moment';
  return [
    { name: `${name}, 99th percentile`, unit: 'ms', value: percentile(looks, 0.99), target: { atMost: 100 } },
    { name: `${name}, the first look`, unit: 'ms', value: first },
    { name: `${name}, kept for 5 min`, unit: 'MB', value: heldMb },
  ];
}

/** Without garbage. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

async function look(run: RuntimeRun, sequence: number): Promise<number> {
  const startedAt = performance.now();
  JSON.stringify(await run.runtime.past.stateAt(THREAD, sequence, QUERY));
  return performance.now() - startedAt;
}
