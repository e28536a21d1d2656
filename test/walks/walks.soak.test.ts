/** `WALK_SEED` repeats a run, `WALKS` says how many walks it has. */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatRecording } from '../../adapters/replay/recording.ts';
import { RECORDING_FORMAT, type RecordingLine } from '../../machines/domain/recording.ts';
import { ENTRY_FORMAT } from '../../machines/domain/upcast.ts';
import { threadId } from '../helpers/server-runs.ts';
import { action, type Action } from './action.ts';
import { Walk } from './walk.ts';

const SEED = Number(process.env['WALK_SEED'] ?? Date.now() % 1_000_000);
const WALKS = Number(process.env['WALKS'] ?? 300);

/** Walks, and saves the journal of a walk that fails: the last one that is saved is the shortest. */
async function walked(actions: readonly Action[]): Promise<void> {
  const walk = new Walk();
  try {
    await walk.go(actions);
  } catch (error) {
    throw new Error(`${String(error)}\nsaved as ${saved(walk)}`, { cause: error });
  } finally {
    await walk.close();
  }
}

function saved({ server }: Walk): string {
  const { entries } = server.run.runtime.reads.entries(threadId('t1'), 0, { limit: 100_000, deltas: true });
  const lines = entries.map((entry): RecordingLine => ({ kind: 'entry', format: ENTRY_FORMAT, entry }));
  const header = {
    kind: 'recording',
    format: RECORDING_FORMAT,
    driver: 'scripted',
    version: null,
    scenario: `walk-${SEED}`,
    title: 'A walk that failed',
    description: 'the journal of its first thread',
    platform: `${process.platform}-${process.arch}`,
    recordedAt: server.clock.now(),
  } as const;
  const path = join(tmpdir(), `threadchart-walk-${SEED}.ndjson`);
  writeFileSync(path, formatRecording({ header, lines }), { mode: 0o600 });
  return path;
}

test(
  `${WALKS} random walks of two clients over a server that dies, seed ${SEED}`,
  { timeout: 1_800_000 },
  async () => {
    let stepCount = 0;
    const walks = fc.asyncProperty(
      fc.array(action, { minLength: 1, maxLength: 200, size: 'max' }),
      async (actions) => {
        stepCount += actions.length;
        await walked(actions);
      },
    );
    await fc.assert(walks, { seed: SEED, numRuns: WALKS, endOnFailure: true });
    console.log(`${WALKS} walks, ${stepCount} steps, seed ${SEED}`);
    expect(stepCount).toBeGreaterThanOrEqual(WALKS * 5);
  },
);

test('a store that forgets what it acknowledged is found out', async () => {
  const walk = new Walk();
  const { receipts } = walk.server.store;
  Object.assign(receipts, { set: () => receipts });
  const submit: Action = {
    do: 'command',
    client: 0,
    thread: 0,
    of: { type: 'turn.submit', text: 'hi', mode: 'start' },
  };
  await expect(walk.go([submit])).rejects.toThrow('was acknowledged and is lost');
  await walk.close();
});
