/**
 * Agents that are killed in the middle of their work, wherever that is. `KILL_SEED` tries another one, `KILL_POINTS` says how
 * often threads of each lose their agent.
 */
import { describe, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { KILLED_AGENTS, KilledWorld } from '../helpers/killed-agents.ts';
import { Random } from '../helpers/random.ts';

/** One for all, so that a merge is not refused by chance. */
const SEED = Number(process.env['KILL_SEED'] ?? 552_873);
const POINTS = Number(process.env['KILL_POINTS'] ?? 20);
/** A process of their own takes seconds to start. */
const MOST_PROCESSES = 2;
/** As many as a turn of the script has, with some to spare: a kill may come after it, too. */
const MOST_EVENTS = { work: 18, 'go on': 8 } as const;

describe.each(KILLED_AGENTS)('$name, killed anywhere', (agent) => {
  it.skipIf(requireAgent(agent.binary) === null)(
    `leaves threads that settle, know what was said and go on; seed ${SEED}`,
    { timeout: 600_000 },
    async () => {
      const { threadsPerProcess: shared } = agent;
      const world = await KilledWorld.start(agent, shared === 1 ? MOST_PROCESSES : shared);
      const { workers } = world;
      const random = new Random(SEED);
      const killIn = async (what: 'work' | 'go on'): Promise<void> => {
        const eventCount = 1 + random.below(MOST_EVENTS[what]);
        await world.killIn(what, eventCount);
        await world.mustSettle();
        const ends = workers.map(({ thread }) => thread.facts('turn.ended').at(-1)?.outcome ?? 'none');
        console.log(
          `${agent.name}: killed ${eventCount} events after ${what}, the turns ended as ${ends.join(', ')}`,
        );
      };
      // twice before they may go on: what was begun anew is killed as well
      for (let left = POINTS; left > 0; left -= 2 * workers.length) {
        await killIn('work');
        await killIn('go on');
        await world.mustGoOn();
      }
      await world.stop();
    },
  );
});
