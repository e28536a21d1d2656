/**
 * What one frame of a provider costs inside its adapter, until it is reported: its recordings are played through the
 * adapter, and the CPU time of each line that it is given is counted. Every provider that has recordings is measured.
 */
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { PlayedProcess } from '../../adapters/replay/played-process.ts';
import { readRecording } from '../../adapters/replay/recording.ts';
import { playRecording } from '../replay/play-recording.ts';
import { RECORDINGS, recordingFiles } from '../replay/recording-files.ts';
import type { Figure } from './figure.ts';

/** A server that has run for a while has compiled its adapter. */
const WARM_UP_ROUNDS = 2;
const ROUNDS = 2;
/** As the protocols name a piece of a message. */
const DELTA = /agentMessage\/delta"|"text_delta"|"agent_message_chunk"|"message\.part\.delta"/;
/** Recorded answers are short; streams are not. */
const DELTA_REPEATS = 50;

interface Spent {
  frameCount: number;
  microseconds: number;
}

class Watch {
  readonly deltas: Spent = { frameCount: 0, microseconds: 0 };
  readonly others: Spent = { frameCount: 0, microseconds: 0 };

  /** `take`: gives the line to the adapter. */
  measure(line: string, take: () => void): void {
    const isDelta = DELTA.test(line);
    const spent = isDelta ? this.deltas : this.others;
    const frameCount = isDelta ? DELTA_REPEATS : 1;
    const before = process.threadCpuUsage();
    for (let count = 0; count < frameCount; count += 1) take();
    const { user, system } = process.threadCpuUsage(before);
    spent.frameCount += frameCount;
    spent.microseconds += user + system;
  }
}

export async function measureAdapters(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const driver of readdirSync(RECORDINGS).toSorted()) figures.push(...(await measure(driver)));
  return figures;
}

async function measure(driver: string): Promise<Figure[]> {
  await playAll(driver, WARM_UP_ROUNDS);
  const watch = await playAll(driver, ROUNDS);
  const unit = 'µs of CPU inside the adapter';
  return [
    { name: `${driver}: a delta frame`, unit, value: mean(watch.deltas), target: { atMost: 20 } },
    { name: `${driver}: any other frame`, unit, value: mean(watch.others), target: { atMost: 60 } },
  ];
}

async function playAll(driver: string, rounds: number): Promise<Watch> {
  const watch = new Watch();
  const stop = watchFrames(watch);
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const file of recordingFiles(driver)) await play(file);
    }
  } finally {
    stop();
  }
  return watch;
}

/** One that needs more than its file, such as a picture, is left out, and that is said. */
async function play(file: string): Promise<void> {
  try {
    await playRecording(readRecording(file));
  } catch (error) {
    console.error(`${basename(file)} is not measured to its end: ${String(error)}`);
  }
}

/** Every line that a played process says is taken in by its adapter before `say` returns. */
function watchFrames(watch: Watch): () => void {
  const say: unknown = Reflect.get(PlayedProcess.prototype, 'say');
  if (typeof say !== 'function') throw new Error('a played process says nothing');
  PlayedProcess.prototype.say = function sayWatched(line: string): void {
    watch.measure(line, () => void Reflect.apply(say, this, [line]));
  };
  return () => void Reflect.set(PlayedProcess.prototype, 'say', say);
}

const mean = ({ frameCount, microseconds }: Spent): number => microseconds / frameCount;
