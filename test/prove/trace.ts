/** The shortest way to a seeded fault as a recording: what the faulty charts made of it, for `threadchart replay`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatRecording } from '../../adapters/replay/recording.ts';
import { storeCharts, type Charts, type Drawn, type Machines } from '../../machines/charts.ts';
import { baseSchema, type ThreadEntry } from '../../machines/domain/entry.ts';
import { factSchema } from '../../machines/domain/fact.ts';
import { threadInputSchema, type ThreadInput } from '../../machines/domain/input.ts';
import { RECORDING_FORMAT, type Recording } from '../../machines/domain/recording.ts';
import { evolveTimers, type ArmedTimers } from '../../machines/domain/timer.ts';
import { ENTRY_FORMAT } from '../../machines/domain/upcast.ts';
import { replayEntries, type Difference } from '../../machines/replay.ts';
import { Stepper } from '../../machines/step.ts';
import { WORLD } from '../helpers/given.ts';
import { startOf, THREAD } from '../helpers/inputs.ts';
import type { Way } from '../model/explore.ts';
import { inputAt } from '../model/named-paths.ts';
import type { Fault } from './faults.ts';

const RECORDED_AT = 1_800_000_000_000;
const STEP_MS = 1000;
/** More than any thread needs to come to rest. */
const FIRING_LIMIT = 20;

/** One thread that faulty charts step and that is journaled as the runtime does it. */
class Run {
  readonly entries: ThreadEntry[] = [];
  readonly #stepper: Stepper;
  readonly #scenario: string;
  #charts: Charts;
  #timers: ArmedTimers = {};
  #idCount = 100;

  constructor({ name, bounds }: Fault, machines: Machines) {
    this.#scenario = scenarioOf(name);
    this.#stepper = new Stepper('thread', undefined, machines);
    const start = startOf({ nativeSteer: bounds.nativeSteer });
    const { charts, drawn } = this.#stepper.start(start);
    this.#charts = charts;
    this.#add({ type: 'thread.create', ...start }, drawn);
  }

  take(move: Way[number]): void {
    const place = { threadId: THREAD, charts: this.#charts, timers: this.#timers };
    const named = inputAt(move, place, (letter) => `${letter}${(this.#idCount += 1)}`);
    this.#step('timer' in named ? this.#fired(named.timer) : named);
  }

  /** Nobody says anything any more: what is armed comes due. A deadline that does nothing leaves an entry without facts. */
  fire(): void {
    for (let count = 0; count < FIRING_LIMIT; count += 1) {
      const [name] = Object.keys(this.#timers);
      if (name === undefined) return;
      this.#step(this.#fired(name));
    }
  }

  /** How the charts stand at last, with their timers. */
  base(): void {
    const { root, connection } = storeCharts(this.#charts);
    const charts = { root, ...(connection === undefined ? {} : { connection }) };
    const base = baseSchema.parse({ type: 'thread.based', format: 1, charts, timers: this.#timers });
    this.entries.push({ ...this.#place, kind: 'base', input: base, facts: [] });
  }

  #fired(name: string): ThreadInput {
    const timer = this.#timers[name];
    return threadInputSchema.parse({ ...timer?.fires, timer: name, armedBy: timer?.armedBy ?? 0 });
  }

  #step(input: ThreadInput): void {
    const { charts, drawn } = this.#stepper.step(this.#charts, input);
    this.#charts = charts;
    if ('timer' in input) {
      const { [input.timer]: _, ...rest } = this.#timers;
      this.#timers = rest;
    }
    this.#add(input, drawn);
  }

  #add(input: ThreadInput, drawn: Drawn): void {
    const facts = factSchema.array().parse(drawn.facts);
    const entry: ThreadEntry = { ...this.#place, kind: 'input', input, facts };
    this.#timers = evolveTimers(this.#timers, drawn.timers, entry);
    this.entries.push(entry);
  }

  get #place() {
    const sequence = this.entries.length + 1;
    return {
      sequence,
      version: sequence,
      at: RECORDED_AT + sequence * STEP_MS,
      machineHash: this.#scenario,
      outcome: 'applied' as const,
      commandId: null,
      stream: THREAD,
    };
  }
}

/** A name for the file and the scenario. */
export const scenarioOf = (name: string): string => name.replaceAll(/\W+/g, '-').slice(0, 64);

/** What cannot be read cannot be journaled either. */
function isWhole({ input }: Way[number]): boolean {
  const fields = Object.values(Object.getOwnPropertyDescriptors(input));
  return fields.every((field) => field.get === undefined) && threadInputSchema.safeParse(input).success;
}

/** The first entry that the shipped charts make otherwise; `null`: the fault is in nothing that is journaled. */
export function differenceIn({ lines }: Recording): Difference | null {
  return replayEntries(lines.flatMap((line) => (line.kind === 'entry' ? [line.entry] : []))).difference;
}

/** Where the recording was written. */
export function saveTrace(folder: string, recording: Recording): string {
  const path = join(folder, `${recording.header.scenario}.ndjson`);
  writeFileSync(path, formatRecording(recording), { mode: 0o600 });
  return path;
}

export function traceOf(fault: Fault, way: Way): Recording {
  const run = new Run(fault, fault.mutate(WORLD).machines);
  for (const move of way) if (isWhole(move)) run.take(move);
  run.fire();
  run.base();
  const header = {
    kind: 'recording',
    format: RECORDING_FORMAT,
    driver: 'none',
    version: null,
    scenario: scenarioOf(fault.name),
    title: fault.name,
    description: `charts with a seeded fault; found as: ${fault.rule}`,
    platform: `${process.platform}-${process.arch}`,
    recordedAt: RECORDED_AT,
  } as const;
  const lines = run.entries.map((entry) => ({ kind: 'entry', format: ENTRY_FORMAT, entry }) as const);
  return { header, lines };
}
