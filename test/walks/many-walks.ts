import { action, type Action } from './action.ts';
import { exploreWalks, type Walked } from './explore-walks.ts';
import { WalkFailure } from './walk-failure.ts';
import { Walk } from './walk.ts';

/** Up to 200 steps of two clients over a server in this process. */
export const WALKS: Walked<Action> = {
  action,
  actionCounts: { fewest: 1, most: 200 },
  walk: async (actions) => {
    const walk = new Walk();
    try {
      await walk.go(actions);
    } catch (error) {
      throw new WalkFailure(error, walk.server.committed);
    } finally {
      await walk.close();
    }
  },
};

/** @throws {Error} at the first walk that fails, made shorter */
export async function manyWalks(walkCount: number, seed: number): Promise<void> {
  const stepCount = await exploreWalks(WALKS, { seed, walkCount });
  console.log(`${walkCount} walks, ${stepCount} steps, seed ${seed}`);
  if (stepCount < walkCount * 50) throw new Error(`${walkCount} walks took ${stepCount} steps only`);
}
