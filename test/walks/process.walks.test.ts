/** `WALK_SEED` repeats a run, as far as a seed can when processes are killed. */
import { describe, expect, it, onTestFinished, test } from 'vitest';
import { processAction, type ProcessAction } from './action.ts';
import { exploreWalks, walkSeed, type Walked } from './explore-walks.ts';
import { ProcessWalk } from './process-walk.ts';

const WALK_COUNT = 20;
const seed = walkSeed();

test(`${WALK_COUNT} walks over a server that is killed, seed ${seed}`, { timeout: 1_200_000 }, async () => {
  const counts = { kills: 0, handed: 0 };
  const walked: Walked<ProcessAction> = {
    action: processAction,
    actionCounts: { fewest: 10, most: 30 },
    walk: async (actions) => {
      const walk = new ProcessWalk();
      try {
        await walk.go(actions);
      } finally {
        counts.kills += walk.server.killCount;
        counts.handed += walk.handedCount;
        await walk.close();
      }
    },
  };
  const stepCount = await exploreWalks(walked, { seed, walkCount: WALK_COUNT });
  const { kills, handed } = counts;
  console.log(
    `${WALK_COUNT} walks, ${stepCount} steps, ${kills} kills, ${handed} prompts and answers, seed ${seed}`,
  );
  // the last kill of each walk is not by chance
  expect(kills).toBeGreaterThan(WALK_COUNT);
  expect(handed).toBeGreaterThanOrEqual(WALK_COUNT);
});

describe('a walk over a server that is killed finds out', () => {
  it.each([
    { text: 'escape wait', found: 'alive after the kill and a restart' },
    { text: 'twice hi', found: 'reached the provider 2 times, and 1 were given' },
  ])('an agent that does $text', async ({ text, found }) => {
    const walk = new ProcessWalk();
    onTestFinished(() => walk.close());
    const of = { type: 'turn.submit', text, mode: 'start' };
    const command = { do: 'command', client: 0, thread: 0, of } as const;
    const kill = { do: 'server is killed', thread: 1, during: of, afterMs: 20 } as const;
    await expect(walk.go([command, { do: 'rest', thread: 0 }, kill])).rejects.toThrow(found);
  });
});
