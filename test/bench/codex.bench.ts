/** What the server costs between a real codex and a client: added delay, CPU time, and whether all of it arrives. */
import { codexBinary } from '../agents/agents.ts';
import { gate, text } from '../model-endpoint/step.ts';
import { Stage, type HeardAt, type Way } from './codex-stage.ts';
import { median, type Figure } from './figure.ts';

const PAIR_COUNT = 20;
const WARM_UP_COUNT = 3;
const LONG_TURN_COUNT = 5;
const DELTA_COUNT = 200;
const DELTA_EVERY_MS = 2;
const LONG_TEXT = Array.from({ length: DELTA_COUNT }, (_, index) => String(index).padStart(5, '.')).join('');

/** Nothing where codex is not installed. */
export async function measureCodex(): Promise<readonly Figure[]> {
  const binary = codexBinary();
  if (binary === null) return [];
  const stage = await Stage.open(binary, ({ userText }) =>
    userText.startsWith('long')
      ? [text(LONG_TEXT, { chunkLength: 5, delayMs: DELTA_EVERY_MS })]
      : [gate(userText.trim()), text('hello')],
  );
  const direct = await stage.direct();
  const served = await stage.served();
  try {
    return [...(await delays(stage, direct, served)), await costs(served)];
  } finally {
    await direct.end();
    await served.end();
    await stage.close();
  }
}

/** Turns by both ways, one after the other, so that both meet the same machine. */
async function delays(stage: Stage, direct: Way, served: Way): Promise<Figure[]> {
  const pairs: { readonly direct: HeardAt; readonly served: HeardAt }[] = [];
  for (let count = 0; count < PAIR_COUNT + WARM_UP_COUNT; count += 1) {
    const pair = {
      direct: await timed(stage, direct, `direct ${count}`),
      served: await timed(stage, served, `served ${count}`),
    };
    if (count >= WARM_UP_COUNT) pairs.push(pair);
  }
  const added = (name: keyof HeardAt): number =>
    median(pairs.map((pair) => pair.served[name] - pair.direct[name]));
  return [
    { name: 'codex, first delta', unit: 'ms added', value: added('delta') },
    { name: 'codex, end of a message', unit: 'ms added', value: added('item') },
    { name: 'codex, end of a turn', unit: 'ms added', value: added('turn') },
  ];
}

/** When the frames were heard, since the model said its first word. */
async function timed({ endpoint }: Stage, way: Way, prompt: string): Promise<HeardAt> {
  let since = 0;
  const heard = await way.turn(prompt, async () => {
    await endpoint.gate(prompt).reached;
    since = performance.now();
    endpoint.gate(prompt).release();
  });
  return { delta: heard.delta - since, item: heard.item - since, turn: heard.turn - since };
}

async function costs(served: Awaited<ReturnType<Stage['served']>>): Promise<Figure> {
  await served.turn('long warm-up', async () => {});
  const before = await served.cpuSeconds();
  for (let count = 0; count < LONG_TURN_COUNT; count += 1) {
    await served.turn(`long ${count}`, async () => {});
    checkText(served.events.flatMap(({ fact }) => (fact.type === 'item.delta' ? [fact.text] : [])).join(''));
    for (const { fact } of served.events) {
      if (fact.type === 'item.completed' && fact.item.body.kind === 'assistant_message')
        checkText(fact.item.text);
    }
  }
  const seconds = (await served.cpuSeconds()) - before;
  return {
    name: `codex, a turn of ${DELTA_COUNT} deltas`,
    unit: 'CPU-seconds of the server',
    value: seconds / LONG_TURN_COUNT,
  };
}

function checkText(heard: string): void {
  if (heard !== LONG_TEXT) throw new Error(`lost or reordered: ${heard}`);
}
