/** Journaled, projected, announced: how many provider inputs a second of CPU time takes. */
import { nanoid } from 'nanoid';
import { openJournal } from '../../adapters/sqlite/index.ts';
import { commandSchema } from '../../machines/domain/command.ts';
import { commandIdSchema, instanceIdSchema } from '../../machines/domain/ids.ts';
import { systemClock } from '../../server/runtime/clock.ts';
import { ThreadRuntime } from '../../server/runtime/runtime.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { until } from '../helpers/until.ts';
import { feedingDriver, type FeedingProvider } from './feeding-provider.ts';
import { cpuSecondsOf, type Figure } from './figure.ts';

export interface Bench {
  readonly runtime: ThreadRuntime;
  readonly provider: FeedingProvider;
  end(): Promise<void>;
}

const INSTANCE = instanceIdSchema.parse('bench');

/** A runtime on a store of its own with `threadCount` running turns. */
export async function startBench(threadCount: number): Promise<Bench> {
  const folder = makeTempFolder();
  const journal = openJournal({ folder: folder.path, now: () => Date.now(), makeEpoch: () => nanoid(12) });
  let provider: FeedingProvider | null = null;
  const runtime = new ThreadRuntime({
    journal,
    drivers: [feedingDriver((made) => void (provider = made))],
    instances: [{ instanceId: INSTANCE, driver: 'feeding', command: null, env: {} }],
    processes: {
      spawn: () => {
        throw new Error('the bench has no processes');
      },
    },
    endSurvivor: () => Promise.resolve(),
    clock: systemClock,
    newId: () => nanoid(16),
    log: { info: () => {}, warn: console.error, error: console.error },
    release: 'bench',
    deltaWindowMs: 0,
    deltaRetentionMs: 60_000,
    connectionIdleMs: 3_600_000,
    attachmentPath: () => null,
    redact: (text) => text,
    removeAttachment: () => {},
    deletedAfterMs: null,
    isFolder: () => true,
    logFrame: () => '',
    giveUp: console.error,
  });
  await runtime.start();
  const fed = await startTurns(runtime, () => provider, threadCount);
  return {
    runtime,
    provider: fed,
    end: async () => {
      await runtime.stop(0);
      journal.close();
      folder.remove();
    },
  };
}

async function startTurns(
  runtime: ThreadRuntime,
  made: () => FeedingProvider | null,
  threadCount: number,
): Promise<FeedingProvider> {
  const dispatch = (command: unknown) =>
    runtime.dispatch(commandIdSchema.parse(nanoid()), commandSchema.parse(command));
  for (let thread = 0; thread < threadCount; thread += 1) {
    const { threadId } = await dispatch({ type: 'thread.create', cwd: '/', instanceId: INSTANCE });
    await dispatch({ type: 'turn.submit', threadId, text: 'go' });
  }
  const provider = made();
  if (provider === null) throw new Error('the driver was not asked for an adapter');
  await until(() => provider.lines.length === threadCount, { describe: () => 'all turns run' });
  return provider;
}

/** Feeds `inputCount` inputs, as fast as they are taken in. */
export async function feed({ provider, runtime }: Bench, inputCount: number): Promise<void> {
  const target = runtime.reads.sequence() + inputCount;
  for (let count = 0; count < inputCount; count += 100) {
    const line = provider.lines[(count / 100) % provider.lines.length];
    if (line !== undefined) provider.feed(line);
    if (count % 2000 === 0) await new Promise(setImmediate);
  }
  await until(() => runtime.reads.sequence() >= target, { describe: () => 'everything is journaled' });
}

const INPUTS = 60_000;

export async function measureIngest(): Promise<readonly Figure[]> {
  const bench = await startBench(10);
  await feed(bench, 10_000);
  const seconds = await cpuSecondsOf(() => feed(bench, INPUTS));
  await bench.end();
  return [{ name: 'ingest, nobody listening', unit: 'inputs per CPU-second', value: INPUTS / seconds }];
}
