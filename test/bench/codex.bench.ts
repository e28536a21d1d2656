/** What the server costs between a real codex and a client: added delay, CPU time, and whether all of it arrives. */
import { setTimeout } from 'node:timers/promises';
import { codexBinary } from '../agents/agents.ts';
import { text } from '../model-endpoint/step.ts';
import { Stage, type Way } from './codex-stage.ts';
import { delaysOf, messageOf, PIECE_LENGTH, type Delays } from './codex-turn.ts';
import { percentile, type Figure } from './figure.ts';

const THREAD_COUNT = 10;
const DELTA_COUNT = 200;
/** With what a timer adds: 100 deltas a second. */
const DELTA_EVERY_MS = 9;
/** The first and the last of a turn are heard while the other threads stream. */
const START_EVERY_MS = 97;
const ROUNDS = 3;
/** Default of the configuration. */
const WINDOW_MS = 25;

interface Ways {
  readonly direct: Way;
  readonly served: Way;
}

/** Nothing where codex is not installed. */
export async function measureCodex(): Promise<readonly Figure[]> {
  const binary = codexBinary();
  if (binary === null) return [];
  const stage = await Stage.open(binary, ({ userText }) => [
    text(messageOf(threadOf(userText), DELTA_COUNT), { chunkLength: PIECE_LENGTH, delayMs: DELTA_EVERY_MS }),
  ]);
  const direct = await stage.direct(THREAD_COUNT);
  const served = await stage.served(THREAD_COUNT);
  try {
    await round(stage, { direct, served }, 'warm-up');
    const before = await served.cpuSeconds();
    const pairs: Pair[] = [];
    for (let count = 0; count < ROUNDS; count += 1) {
      pairs.push(...(await round(stage, { direct, served }, `round-${count}`)));
    }
    const seconds = (await served.cpuSeconds()) - before;
    return [...delays(pairs), cost(seconds)];
  } finally {
    await direct.end();
    await served.end();
    await stage.close();
  }
}

const threadOf = (prompt: string): number => Number(prompt.trim().split(' ').at(-1));

/** One turn on one thread by both ways. */
interface Pair {
  readonly direct: Delays;
  readonly served: Delays;
}

/** A turn on each thread, side by side: first by one way, then by the other, so that both meet the same machine. */
async function round(stage: Stage, ways: Ways, name: string): Promise<Pair[]> {
  const direct = await turns(stage, ways.direct, `direct ${name}`);
  const served = await turns(stage, ways.served, `served ${name}`);
  return direct.flatMap((one, index) => {
    const other = served[index];
    return other === undefined ? [] : [{ direct: one, served: other }];
  });
}

function turns(stage: Stage, way: Way, name: string): Promise<Delays[]> {
  const threads = Array.from({ length: THREAD_COUNT }, (_, thread) => thread);
  return Promise.all(
    threads.map(async (thread) => {
      await setTimeout(thread * START_EVERY_MS);
      const prompt = `${name} ${thread}`;
      const heard = await way.turn(thread, prompt);
      const said = stage.said(prompt);
      heard.check(messageOf(thread, DELTA_COUNT));
      return delaysOf(said, heard);
    }),
  );
}

function delays(pairs: readonly Pair[]): Figure[] {
  const added = (part: keyof Delays): number[] =>
    pairs.flatMap(({ direct, served }) =>
      served[part].map((delay, index) => delay - (direct[part][index] ?? Number.NaN)),
    );
  const again = pairs
    .slice(THREAD_COUNT)
    .flatMap(({ direct }, index) =>
      direct.marks.map((delay, mark) => delay - (pairs[index]?.direct.marks[mark] ?? Number.NaN)),
    );
  const alone = percentile(
    pairs.flatMap(({ direct }) => direct.pieces),
    0.5,
  );
  const [marks, pieces] = [added('marks'), added('pieces')];
  const unit = 'ms added, paired';
  const marked = 'codex, lifecycle and first deltas';
  const later = 'codex, other deltas';
  return [
    {
      name: 'codex directly, a delta',
      unit: 'ms from the model, p50',
      value: alone,
      peer: '1.1, one thread',
    },
    {
      name: 'codex directly, against itself',
      unit: 'ms, noise of the pairing, p99',
      value: percentile(again, 0.99),
    },
    { name: marked, unit: `${unit}, p50`, value: percentile(marks, 0.5), target: { atMost: 2 } },
    { name: marked, unit: `${unit}, p99`, value: percentile(marks, 0.99), target: { atMost: 15 } },
    { name: later, unit: `${unit}, p50`, value: percentile(pieces, 0.5), peer: 't3code 64' },
    { name: later, unit: `${unit}, p99`, value: percentile(pieces, 0.99), target: { atMost: WINDOW_MS + 5 } },
  ];
}

function cost(seconds: number): Figure {
  return {
    name: `codex, a turn of ${DELTA_COUNT} deltas`,
    unit: 'CPU-seconds of the server',
    value: seconds / (ROUNDS * THREAD_COUNT),
    target: { atMost: 0.05 },
    peer: 't3code 0.5',
  };
}
