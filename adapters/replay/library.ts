import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { Model } from '../../machines/domain/instance.ts';
import type { Recording } from '../../machines/domain/recording.ts';
import type { ProviderDriver } from '../../machines/ports/provider.ts';
import { readRecording } from './recording.ts';

/** The recordings of one scenario; the first is played until somebody answers as only another has it. */
export type Scenario = readonly [Recording, ...Recording[]];

/** Scenarios that can be played, in the order of their files' names. */
export class Library {
  readonly #scenarios: ReadonlyMap<string, Scenario>;

  private constructor(scenarios: ReadonlyMap<string, Scenario>) {
    this.#scenarios = scenarios;
  }

  /** Reads one file, or all `.ndjson` files of a folder. @throws {RuntimeError} RECORDING_INVALID at the first bad one */
  static read(path: string, drivers: readonly ProviderDriver[]): Library {
    const scenarios = new Map<string, Scenario>();
    for (const file of filesOf(path)) {
      const recording = readRecording(file);
      checkPlayable(recording, file, drivers);
      const { scenario } = recording.header;
      const known = scenarios.get(scenario);
      scenarios.set(scenario, known === undefined ? [recording] : [...known, recording]);
    }
    return new Library(scenarios);
  }

  /** `null`: the first one. */
  scenario(name: string | null): Scenario | null {
    const [first = null] = this.#scenarios.values();
    return name === null ? first : (this.#scenarios.get(name) ?? null);
  }

  /** A thread chooses its scenario as its model. */
  get models(): Model[] {
    return [...this.#scenarios].map(([id, [{ header }]], index) => ({
      id,
      name: header.title,
      isDefault: index === 0,
      options: {},
    }));
  }
}

function filesOf(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw invalid(path, 'there is no such file or folder');
  if (!found.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith('.ndjson'));
  if (names.length === 0) throw invalid(path, 'the folder has no .ndjson file');
  return names.toSorted().map((name) => join(path, name));
}

function checkPlayable({ header, lines }: Recording, file: string, drivers: readonly ProviderDriver[]): void {
  if (!lines.some(({ kind }) => kind === 'spawn')) {
    throw invalid(file, 'it has no traffic of a provider, so it cannot be played as one');
  }
  const driver = drivers.find((each) => each.driver === header.driver);
  if (driver?.playback === undefined)
    throw invalid(file, `the driver ${header.driver} cannot play recordings`);
}

const invalid = (file: string, what: string): RuntimeError =>
  new RuntimeError('RECORDING_INVALID', `${file} line 1: ${what}`, { details: { file, line: 1 } });
