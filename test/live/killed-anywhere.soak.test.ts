/** Every agent, killed at every point that has a name, several times. `KILL_SEED` repeats a run. */
import { describe, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { KILL_POINTS } from '../helpers/kill-points.ts';
import { KILLED_AGENTS, KilledWorld } from '../helpers/killed-agents.ts';
import { Random } from '../helpers/random.ts';

const FIRST_SEED = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);
const SEEDS = [FIRST_SEED, FIRST_SEED + 1, FIRST_SEED + 2];
/** How many events later than the point the kill may be. */
const MOST_LATER = 3;

describe.each(KILLED_AGENTS)('$name, killed at each point', (agent) => {
  it.skipIf(requireAgent(agent.binary) === null).each(SEEDS)(
    'leaves a thread that settles, knows what was said and goes on; seed %i',
    { timeout: 1_800_000 },
    async (seed) => {
      const world = await KilledWorld.start(agent, 1);
      const random = new Random(seed);
      for (const point of random.shuffled(KILL_POINTS)) {
        for (const worker of world.workers) {
          await point.reach(world, worker);
          if (point.goesOn) await world.letPass(worker, random.below(MOST_LATER));
        }
        await world.kill();
        await world.mustSettle();
        await world.mustGoOn();
        // a steer that was not taken is first in the queue
        await world.mustSettle();
        console.log(`${agent.name}: killed ${point.name}`);
      }
      await world.stop();
    },
  );
});
