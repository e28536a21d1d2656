/** Many random walks; one that fails is made shorter for a bounded time, and saved. */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { formatRecording } from '../../adapters/replay/recording.ts';
import { RECORDING_FORMAT, type RecordingLine } from '../../machines/domain/recording.ts';
import { ENTRY_FORMAT } from '../../machines/domain/upcast.ts';
import { WalkFailure } from './walk-failure.ts';

export interface Walked<Action> {
  readonly action: fc.Arbitrary<Action>;
  readonly actionCounts: { readonly fewest: number; readonly most: number };
  /** One walk, to its end. @throws {WalkFailure} at what does not hold */
  readonly walk: (actions: readonly Action[]) => Promise<void>;
}

export interface Exploration {
  readonly seed: number;
  readonly walkCount: number;
  /** How long a walk that fails is made shorter. */
  readonly shrinkMs?: number;
}

const SHRINK_MS = 120_000;

/** The seed of this run: from `WALK_SEED`, or one for all, so that a merge is not refused by chance. */
export const walkSeed = (usual = 17_746): number => Number(process.env['WALK_SEED'] ?? usual);

/**
 * Gives the number of steps. @throws {Error} with the shortest walk that was found to fail, and where it is saved. What
 * comes first on a wire is not in a seed's power: a walk that does not fail again is told as it was.
 */
export async function exploreWalks<Action>(
  { action, actionCounts: { fewest, most }, walk }: Walked<Action>,
  { seed, walkCount, shrinkMs = SHRINK_MS }: Exploration,
): Promise<number> {
  let stepCount = 0;
  let last: { readonly actions: readonly Action[]; readonly failure: unknown } | null = null;
  const walks = fc.asyncProperty(
    fc.array(action, { minLength: fewest, maxLength: most, size: 'max' }),
    async (actions) => {
      stepCount += actions.length;
      try {
        await walk(actions);
      } catch (failure) {
        // each that fails while walks are made shorter is shorter than the last one
        last = { actions, failure };
        throw failure;
      }
    },
  );
  const first = await fc.check(walks, { seed, numRuns: walkCount, endOnFailure: true });
  if (!first.failed) return stepCount;
  const path = first.counterexamplePath ?? '';
  console.error(
    `a walk of seed ${seed} fails (path ${path}); it is made shorter for ${shrinkMs / 1000} s at most`,
  );
  await fc.check(walks, { seed, path, numRuns: 1, interruptAfterTimeLimit: shrinkMs });
  throw told(last, seed);
}

function told(
  last: { readonly actions: readonly unknown[]; readonly failure: unknown } | null,
  seed: number,
): Error {
  const { actions = [], failure } = last ?? {};
  const lines = actions.map((action) => `  ${JSON.stringify(action)}`).join('\n');
  const files = failure instanceof WalkFailure ? saved(failure, { seed, lines }) : [];
  return new Error(`${String(failure)}\nafter\n${lines}\nsaved as ${files.join(' and ') || 'nothing'}`, {
    cause: failure,
  });
}

/** A recording of each thread, for `threadchart replay`. */
function saved({ entries }: WalkFailure, { seed, lines }: { seed: number; lines: string }): string[] {
  return [...entries].map(([threadId, ofThread]) => {
    const recorded = ofThread.map((entry): RecordingLine => ({ kind: 'entry', format: ENTRY_FORMAT, entry }));
    const header = {
      kind: 'recording',
      format: RECORDING_FORMAT,
      driver: 'scripted',
      version: null,
      scenario: `walk-${seed}-${threadId}`,
      title: 'A walk that failed',
      description: `thread ${threadId} after\n${lines}`,
      platform: `${process.platform}-${process.arch}`,
      recordedAt: ofThread.at(-1)?.at ?? 0,
    } as const;
    const path = join(tmpdir(), `threadchart-walk-${seed}-${threadId}.ndjson`);
    writeFileSync(path, formatRecording({ header, lines: recorded }), { mode: 0o600 });
    return path;
  });
}
