/** `npm run prove [-- --soak]`: explores every state, seeds faults to see that it finds them, and prints both. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { CONFIGURATIONS, LARGER } from './configurations.ts';
import { FAULTS } from './faults.ts';
import type { Job, Result } from './job.ts';
import { printed } from './printed.ts';
import { shortfallsOf } from './shortfalls.ts';

const HEAP_MIB = 3072;

function resultOf(job: Job): Promise<Result> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('job.ts', import.meta.url), {
      workerData: job,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** Faults on small configurations first: a checker that finds nothing is known at once. */
async function allOf(jobs: readonly Job[]): Promise<Result[]> {
  const waiting = [...jobs];
  const results: Result[] = [];
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      results.push(await resultOf(job));
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
  return jobs.flatMap(({ name }) => results.filter((result) => result.name === name));
}

const configurations = process.argv.includes('--soak') ? LARGER : CONFIGURATIONS;
const results = await allOf([
  ...FAULTS.map(({ name }) => ({ kind: 'fault' as const, name })),
  ...configurations.map(({ name }) => ({ kind: 'configuration' as const, name })),
]);
console.log(printed(results));
const shortfalls = shortfallsOf(results, configurations);
for (const shortfall of shortfalls) console.error(`NOT PROVED: ${shortfall}`);
process.exitCode = shortfalls.length === 0 ? 0 : 1;
