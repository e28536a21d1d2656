/**
 * `npm run prove [-- --soak] [--traces DIR]`: explores every state, seeds faults to see that it finds them, and prints
 * both. The shortest way to each fault is saved as a recording.
 */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { Difference } from '../../machines/replay.ts';
import { CONFIGURATIONS, LARGER } from './configurations.ts';
import { FAULTS } from './faults.ts';
import type { Job, Result } from './job.ts';
import { printed } from './printed.ts';
import { shortfallsOf, unseenIn } from './shortfalls.ts';
import { differenceIn, saveTrace, traceOf } from './trace.ts';

const HEAP_MIB = 3072;

function resultOf(worker: Worker, job: Job): Promise<Result> {
  return new Promise((resolve, reject) => {
    worker.once('message', (result: Result) => {
      worker.off('error', reject);
      resolve(result);
    });
    worker.once('error', reject);
    worker.postMessage(job);
  });
}

/** Faults on small configurations first: a checker that finds nothing is known at once. */
async function allOf(jobs: readonly Job[]): Promise<Result[]> {
  const waiting = [...jobs];
  const results: Result[] = [];
  const work = async (): Promise<void> => {
    // one that has run before is several times faster than a new one
    const worker = new Worker(new URL('job.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      results.push(await resultOf(worker, job));
    }
    await worker.terminate();
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
  return jobs.flatMap(({ name }) => results.filter((result) => result.name === name));
}

/** Of each fault that was found: where the shipped charts leave its recording. */
function saveTraces(results: readonly Result[], folder: string): ReadonlyMap<string, Difference | null> {
  const differences = new Map<string, Difference | null>();
  for (const fault of FAULTS) {
    const way = results.find(({ name }) => name === fault.name)?.ways.get(fault.rule);
    if (way === undefined) continue;
    const trace = traceOf(fault, way);
    saveTrace(folder, trace);
    differences.set(fault.name, differenceIn(trace));
  }
  return differences;
}

const { soak, traces, only } = parseArgs({
  options: {
    soak: { type: 'boolean', default: false },
    traces: { type: 'string' },
    /** Configurations whose name has this in it, to look at one of them. */
    only: { type: 'string', default: '' },
  },
}).values;
const folder = traces ?? mkdtempSync(join(tmpdir(), 'threadchart-traces-'));
mkdirSync(folder, { recursive: true });
const configurations = (soak ? LARGER : CONFIGURATIONS).filter(({ name }) => name.includes(only));
if (configurations.length === 0) throw new Error(`no configuration has ${only} in its name`);
const startedAt = performance.now();
const results = await allOf([
  ...FAULTS.map(({ name }) => ({ kind: 'fault' as const, name })),
  ...configurations.map(({ name }) => ({ kind: 'configuration' as const, name })),
]);
const differences = saveTraces(results, folder);
console.log(printed(results, differences));
console.log(`\nrecordings of the faults, for \`threadchart replay FILE\`: ${folder}`);
const { user, system } = process.cpuUsage();
const seconds = (ms: number): string => (ms / 1000).toFixed(0);
console.log(`${seconds(performance.now() - startedAt)} s, ${seconds((user + system) / 1000)} CPU-s`);
const shortfalls = [...shortfallsOf(results, configurations), ...unseenIn(differences)];
for (const shortfall of shortfalls) console.error(`NOT PROVED: ${shortfall}`);
process.exitCode = shortfalls.length === 0 ? 0 : 1;
