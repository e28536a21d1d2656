/** Pieces of the proof, one after the other, in a worker. */
import { parentPort } from 'node:worker_threads';
import { WORLD } from '../helpers/given.ts';
import type { Step, Way } from '../model/explore.ts';
import { LiveReplay } from '../model/live-replay.ts';
import { prove } from '../model/prove.ts';
import { CONFIGURATIONS, LARGER } from './configurations.ts';
import { FAULTS } from './faults.ts';

export interface Job {
  readonly kind: 'configuration' | 'fault';
  readonly name: string;
}

/** What a job found out; ways as the inputs after the first one of a thread. */
export interface Result extends Job {
  readonly stateCount: number;
  readonly edgeCount: number;
  readonly turnedCount: number;
  readonly mostFirings: number;
  readonly replayedCount: number;
  readonly differences: readonly string[];
  readonly checks: ReadonlyMap<string, number>;
  readonly ways: ReadonlyMap<string, Way>;
  readonly durationMs: number;
  readonly error: string | null;
}

const NOTHING = { stateCount: 0, edgeCount: 0, turnedCount: 0, mostFirings: 0, replayedCount: 0 };

function explored(job: Job): Omit<Result, 'durationMs' | 'error'> {
  const configuration = [...CONFIGURATIONS, ...LARGER].find(({ name }) => name === job.name);
  const fault = FAULTS.find(({ name }) => name === job.name);
  const bounds = job.kind === 'fault' ? fault?.bounds : configuration?.bounds;
  if (bounds === undefined) throw new Error(`no ${job.kind} ${job.name}`);
  const live = new LiveReplay();
  // steps that the same actors took before are counted once only
  const every = configuration && Math.floor(configuration.edgeCount / configuration.replayCount / 1.5);
  let stepCount = 0;
  const sample = (step: Step): void => {
    stepCount += 1;
    if (every !== undefined && stepCount % every === 0) live.replay(step);
  };
  const proof = prove(bounds, {
    onStep: sample,
    // the live driver has the shipped charts only
    ...(fault === undefined && { onBroken: (broken) => live.break(broken) }),
    ...(fault !== undefined && { machines: fault.mutate(WORLD).machines, until: fault.rule }),
  });
  const { states, edgeCount, turnedCount, mostFirings, checks, ways } = proof;
  const { stepCount: replayedCount, differences } = live;
  const counts = { stateCount: states.length, edgeCount, turnedCount, mostFirings, replayedCount };
  return { ...job, ...counts, differences, checks, ways };
}

function resultOf(job: Job): Result {
  const startedAt = performance.now();
  const timed = { durationMs: 0, error: null };
  try {
    const result = explored(job);
    return { ...result, ...timed, durationMs: performance.now() - startedAt };
  } catch (error) {
    const empty = { differences: [], checks: new Map(), ways: new Map() };
    return { ...job, ...NOTHING, ...empty, ...timed, error: String(error) };
  }
}

parentPort?.on('message', (job: Job) => parentPort?.postMessage(resultOf(job)));
