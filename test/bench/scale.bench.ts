/** What long threads and many of them cost: the first look, waking one, holding them. The start is elsewhere. */
import type { Journal } from '../../machines/ports/journal.ts';
import { loadThread } from '../../server/runtime/load-thread.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { RuntimeRun, THREAD } from '../helpers/start-runtime.ts';
import { BenchServer } from './bench-server-process.ts';
import { median, type Figure } from './figure.ts';
import { reportItem } from './report-item.ts';
import { openStore, storeItems, storeThreads } from './stored-threads.ts';

const LISTED_COUNT = 1_000;
const LONG_ENTRY_COUNT = 10_000;
const LONG_ITEM_COUNT = 100_000;
const LIVE_COUNT = 2_000;
const WARM_UP_COUNT = 500;
const PAGE = { before: null, limit: 50 };
const REPEATS = 5;

export async function measureScale(): Promise<readonly Figure[]> {
  return [
    ...(await withFolder(measureWaking)),
    ...(await withFolder(measureLongThread)),
    ...(await withFolder(measureList)),
    ...(await measureLiveThreads()),
  ];
}

async function withFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = makeTempFolder();
  try {
    return await use(folder.path);
  } finally {
    folder.remove();
  }
}

function millisecondsOf(act: () => unknown): number {
  const startedAt = performance.now();
  act();
  return performance.now() - startedAt;
}

// ---- a long thread -----------------------------------------------------------------------------------------------

export async function measureWaking(folder: string): Promise<Figure[]> {
  const journal = openStore(folder);
  const run = await new RuntimeRun({ journal }).start();
  await run.create();
  await run.submit('wait');
  for (let item = 0; item < LONG_ENTRY_COUNT / 2; item += 1) {
    reportItem(run, item);
    run.settle();
  }
  await run.do({ type: 'turn.interrupt' });
  const { machineHash } = run.runtime.info;
  const fromBase = timesOf(() => loadThread(journal, THREAD, machineHash));
  const whole = withoutBase(journal);
  const replayed = timesOf(() => loadThread(whole, THREAD, machineHash));
  await run.runtime.stop(0);
  journal.close();
  const name = 'waking a thread of 10,000 entries';
  return [
    { name: `${name} from its base`, unit: 'ms', value: median(fromBase), target: { atMost: 10 } },
    { name: `${name} by full replay`, unit: 'ms', value: median(replayed), target: { atMost: 350 } },
  ];
}

const withoutBase = (journal: Journal): Journal =>
  new Proxy(journal, {
    get(target, name) {
      if (name === 'loadThread') {
        return (threadId: typeof THREAD) => ({ ...target.loadThread(threadId), base: null, cache: null });
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });

const timesOf = (act: () => unknown): number[] => Array.from({ length: REPEATS }, () => millisecondsOf(act));

async function measureLongThread(folder: string): Promise<Figure[]> {
  const filling = openStore(folder);
  const [threadId = THREAD] = storeThreads(filling, 1);
  storeItems(filling, threadId, LONG_ITEM_COUNT);
  filling.close();
  const journal = openStore(folder);
  const run = await new RuntimeRun({ journal }).start();
  const value = millisecondsOf(() => run.runtime.reads.snapshot(threadId, PAGE));
  await run.runtime.stop(0);
  journal.close();
  return [
    { name: 'first page of a thread of 100,000 items, cold', unit: 'ms', value, target: { atMost: 50 } },
  ];
}

// ---- many threads ------------------------------------------------------------------------------------------------

async function measureList(folder: string): Promise<Figure[]> {
  const journal = openStore(folder);
  storeThreads(journal, LISTED_COUNT);
  const run = await new RuntimeRun({ journal }).start();
  const page = () => JSON.stringify(run.runtime.reads.listThreads({ limit: PAGE.limit }));
  const sizeKb = Buffer.byteLength(page()) / 1e3;
  const value = median(timesOf(page));
  await run.runtime.stop(0);
  journal.close();
  const name = 'first page of 1,000 threads';
  return [
    { name, unit: 'ms', value, target: { atMost: 10 } },
    { name, unit: 'KB', value: sizeKb, target: { atMost: 30 } },
  ];
}

/** Each has had a turn, and holds a connection. */
export async function measureLiveThreads(): Promise<Figure[]> {
  const server = await BenchServer.start();
  await haveTurns(server, WARM_UP_COUNT);
  const before = await server.order('heapBytes');
  await haveTurns(server, LIVE_COUNT);
  const value = ((await server.order('heapBytes')) - before) / LIVE_COUNT / 1e3;
  await server.end();
  return [{ name: 'a live idle thread', unit: 'KB of heap', value, target: { atMost: 12 } }];
}

async function haveTurns(server: BenchServer, count: number): Promise<void> {
  const threadIds = await server.order('createThreads', count);
  // one after the other: threads that are at work in one folder at once remember each other
  for (const threadId of threadIds) await server.order('runTurns', [threadId], 'lifecycle', 1);
}
