/** A commit that fails is as if it had come later: nothing is lost, nothing is done twice, and the order stays. */
import { afterAll, describe, expect, test } from 'vitest';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import { Ingress, type Arrival } from '../../server/runtime/ingress.ts';
import { checkJournal } from '../helpers/check-journal.ts';
import { MemoryStore, openMemoryJournal } from '../helpers/memory-journal.ts';
import { sabotage } from '../helpers/sabotage.ts';
import { answersHeard, ScriptedClient } from '../helpers/scripted-client.ts';
import { RuntimeRun } from '../helpers/start-runtime.ts';
import { TestClock } from '../helpers/test-clock.ts';
import { SCENARIOS } from './scenarios.ts';
import type { Scenario } from './steps.ts';

/** `doubtful`: it was made, and for a while the store does not even say so. */
type How = 'before' | 'after' | 'doubtful' | 'doubtfulBefore';
const HOW: readonly How[] = ['before', 'after', 'doubtful', 'doubtfulBefore'];

interface Failing {
  readonly how: How;
  readonly number: number;
}

class FailingCommits {
  commitCount = 0;
  readonly #failing: Failing | null;
  #isMute = false;

  constructor(failing: Failing | null) {
    this.#failing = failing;
  }

  journal(inner: Journal): Journal {
    const commit = inner.commit.bind(inner);
    const lastSequence = inner.lastSequence.bind(inner);
    inner.commit = (write) => {
      this.commitCount += 1;
      const how = this.commitCount === this.#failing?.number ? this.#failing.how : null;
      if (how === null) return commit(write);
      if (how === 'after' || how === 'doubtful') commit(write);
      this.#isMute = how === 'doubtful' || how === 'doubtfulBefore';
      throw new RuntimeError('STORE_UNAVAILABLE', 'planned');
    };
    inner.lastSequence = () => {
      if (!this.#isMute) return lastSequence();
      this.#isMute = false;
      throw new RuntimeError('STORE_UNAVAILABLE', 'planned');
    };
    return inner;
  }
}

interface Outcome {
  readonly commitCount: number;
  /** What happened to each thread, ids renamed by first use: the server makes other ones when it tries again. */
  readonly facts: string;
}

async function play(scenario: Scenario, failing: Failing | null): Promise<Outcome> {
  const clock = new TestClock();
  const commits = new FailingCommits(failing);
  const journal = openMemoryJournal(new MemoryStore(), { now: () => clock.now(), makeEpoch: () => 'e1' });
  const run = new RuntimeRun({ journal: commits.journal(journal), clock });
  const client = new ScriptedClient();
  await run.runtime.start().catch(() => {});
  if (!run.runtime.isReady()) return { commitCount: commits.commitCount, facts: '' };
  client.connect(run);
  for (const step of scenario.steps) {
    step({ run, client, workspace: null });
    await rest(run, client);
  }
  client.compare(run);
  if (run.runtime.counters.failed > 0) throw new Error(run.warnings.join());
  checkJournal(journal, { loaded: run.runtime.threads.loaded() });
  const facts = journal.threadIds().flatMap((threadId) => run.facts(threadId));
  return { commitCount: commits.commitCount, facts: renamed(JSON.stringify(facts)) };
}

/** To rest, the outage included; what was refused because of it is asked again. */
async function rest(run: RuntimeRun, client: ScriptedClient): Promise<void> {
  for (;;) {
    run.settle();
    if (!run.runtime.isReady()) run.pass(250);
    await answersHeard();
    const again = client.asked.filter(({ error }) => error?.code === 'STORE_UNAVAILABLE');
    for (const asked of again) {
      asked.error = null;
      client.sendAgain(asked);
    }
    if (again.length === 0 && run.runtime.isReady() && run.world.waiting === 0) return;
  }
}

function renamed(text: string): string {
  const names = new Map<string, string>();
  // those of the server stand in other ids and in texts as well
  return text.replaceAll(/\be1-\d+\b|"[0-9a-z]{8,14}"/g, (id) => {
    if (!names.has(id)) names.set(id, id.startsWith('"') ? `"id${names.size}"` : `id${names.size}`);
    return names.get(id) ?? id;
  });
}

async function playAll(scenario: Scenario, every = 1): Promise<number> {
  const expected = await play(scenario, null);
  let count = 0;
  // the first commit makes the instance: without it the server does not start
  for (let number = 2; number <= expected.commitCount; number += every) {
    for (const how of HOW) {
      const actual = await play(scenario, { how, number });
      expect(actual.facts, `commit ${number} fails: ${how}`).toBe(expected.facts);
      count += 1;
    }
  }
  return count;
}

describe('a commit that fails', () => {
  let pointCount = 0;

  test.each(SCENARIOS)('$name', async (scenario) => {
    pointCount += await playAll(scenario, 2);
  });

  afterAll(() => {
    console.log(`failed commits: ${pointCount}`);
    expect(pointCount).toBeGreaterThanOrEqual(800);
  });
});

describe('the suite sees', () => {
  const all = async (): Promise<void> => {
    for (const scenario of SCENARIOS) await playAll(scenario, 3);
  };

  test('provider inputs that are lost with their commit', async () => {
    sabotage(Ingress, 'putBack', () => {});
    await expect(all()).rejects.toThrow();
  });

  test('an order that is not kept', async () => {
    sabotage(Ingress, 'putBack', (ingress, [arrivals]) => {
      for (const arrival of arrivals as readonly Arrival[]) ingress.push(arrival);
    });
    await expect(all()).rejects.toThrow();
  });
});
