import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readRecording } from '../../adapters/replay/recording.ts';
import { exploreWalks } from './explore-walks.ts';
import { WalkFailure } from './walk-failure.ts';
import { Walk } from './walk.ts';

const LONG = { fewest: 1, most: 200 };
const number = fc.nat({ max: 20 });

/** A walk with one thread, so that there is something to save. */
async function someEntries(): Promise<Walk['server']['committed']> {
  const walk = new Walk();
  await walk.go([]);
  await walk.close();
  return walk.server.committed;
}

test('a walk that fails is told as short as it can be, and saved', async () => {
  const entries = await someEntries();
  const walk = async (numbers: readonly number[]): Promise<void> => {
    if (numbers.some((each) => each > 12)) throw new WalkFailure(new Error('more than 12'), entries);
    return Promise.resolve();
  };
  const exploration = { seed: 5, walkCount: 100, shrinkMs: 60_000 };
  const failure = await exploreWalks({ action: number, actionCounts: LONG, walk }, exploration).catch(String);
  const [, ...lines] = String(failure).split('\n');
  expect(String(failure)).toContain('more than 12');
  expect(lines.slice(0, 2)).toEqual(['after', '  13']);
  const path = /saved as (\S+)/.exec(String(failure))?.[1] ?? '';
  const { header, lines: saved } = readRecording(path);
  expect(header.description).toContain('after\n  13');
  expect(saved).toHaveLength(entries.get('t1')?.length ?? 0);
  for (const threadId of entries.keys()) rmSync(path.replace('t1', threadId));
});

test('a walk is made shorter for a bounded time only', async () => {
  const walk = (): Promise<void> => Promise.reject(new WalkFailure(new Error('always'), new Map()));
  const exploration = { seed: 5, walkCount: 1, shrinkMs: 0 };
  const failure = await exploreWalks({ action: number, actionCounts: LONG, walk }, exploration).catch(String);
  const [first] = fc.sample(fc.array(number, { minLength: 1, maxLength: 200, size: 'max' }), {
    seed: 5,
    numRuns: 1,
  });
  expect(String(failure).split('\n')).toHaveLength(3 + (first?.length ?? 0));
});

test('walks that all hold are counted', async () => {
  const walk = (): Promise<void> => Promise.resolve();
  expect(
    await exploreWalks({ action: number, actionCounts: LONG, walk }, { seed: 5, walkCount: 20 }),
  ).toBeGreaterThan(20);
});
