/**
 * `npm run bench [-- --only GROUP[,GROUP] --runs N --json]`: each figure is the median of five runs on this machine,
 * with what it has to reach; ratios are taken within one run. The client that stops for 30 s is watched once.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measureAdapters } from './adapters.bench.ts';
import { buildServer } from './built-server.ts';
import { measureCapture } from './capture.bench.ts';
import { measureCodex } from './codex.bench.ts';
import { measureCreate } from './create.bench.ts';
import { isMet, medians, RUNS, table, type Figure } from './figure.ts';
import { measureFanOut } from './fan-out.bench.ts';
import { measureFork } from './fork.bench.ts';
import { measureIngest } from './ingest.bench.ts';
import { measurePast } from './past.bench.ts';
import { measureScale } from './scale.bench.ts';
import { measureSlowClient } from './slow-client.bench.ts';
import { measureStart } from './start.bench.ts';
import { measureStore } from './store.bench.ts';
import { measureTransfer } from './transfer.bench.ts';
import { measureWire } from './wire.bench.ts';

/** Takes 40 s. */
const SLOW_CLIENT_RUNS = 1;

type Measure = () => Promise<readonly Figure[]>;

const GROUPS: Readonly<Record<string, Measure>> = {
  codex: measureCodex,
  adapters: measureAdapters,
  ingest: measureIngest,
  'fan-out': measureFanOut,
  create: measureCreate,
  fork: measureFork,
  wire: measureWire,
  scale: measureScale,
  past: measurePast,
  store: measureStore,
  transfer: measureTransfer,
  capture: measureCapture,
  start: measureStart,
  'slow-client': measureSlowClient,
};

const { values } = parseArgs({
  options: { only: { type: 'string' }, runs: { type: 'string' }, json: { type: 'boolean' } },
});
const chosen = (values.only?.split(',') ?? Object.keys(GROUPS)).map((name) => {
  const measure = GROUPS[name];
  if (measure === undefined) throw new Error(`no group ${name}; there are ${Object.keys(GROUPS).join(', ')}`);
  return { name, measure };
});
const runCount = Number(values.runs ?? RUNS);
if (!Number.isInteger(runCount) || runCount < 1) throw new Error('--runs takes a number');

const notes = chosen.some(({ name }) => name === 'start') ? [buildServer()] : [];
const figures: Figure[] = [];
for (const { name, measure } of chosen) {
  const startedAt = performance.now();
  figures.push(...(await medians(measure, name === 'slow-client' ? SLOW_CLIENT_RUNS : runCount)));
  console.error(`${name}: ${((performance.now() - startedAt) / 1e3).toFixed(0)} s`);
}

const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  coreCount: cpus().length,
  platform: `${process.platform} ${process.arch}`,
  node: process.version,
};
if (values.json) {
  console.log(
    JSON.stringify({
      machine,
      runCount,
      notes,
      figures: figures.map((each) => ({ ...each, met: isMet(each) })),
    }),
  );
} else {
  const { cpu, coreCount, platform, node } = machine;
  const head = `${coreCount} cores (${cpu}), ${platform}, node ${node}, medians of ${runCount}`;
  console.log([head, ...notes, '', table(figures)].join('\n'));
}
process.exit(0);
