/** Takes in changes of the configuration file while the server runs. A file that cannot be used changes nothing. */
import { statSync } from 'node:fs';
import { failureOf, RuntimeError } from '../machines/domain/error.ts';
import type { Config } from './config.ts';
import type { Clock } from './runtime/clock.ts';
import type { Log } from './runtime/runtime-options.ts';

/** Where the configuration comes from, and how it is read. */
export interface ConfigSource {
  /** Absolute; it need not exist. */
  readonly path: string;
  /** @throws {RuntimeError} INVALID_PARAMS */
  readonly load: () => Config;
}

export interface ConfigWatchParts extends ConfigSource {
  /** In force at the start. */
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  /** Puts in force what can be while the server runs. */
  readonly apply: (config: Config) => Promise<void>;
  /** What the file asks for and is not in force, and why; none: everything is. */
  readonly onNotices: (notices: readonly string[]) => void;
}

/**
 * How often the file is looked at: 3 µs each time. The system's own events of its folder would come with every commit,
 * because the database is there too, and do not come through links and mounts.
 */
const LOOK_EVERY_MS = 500;

export class ConfigWatch {
  readonly #parts: ConfigWatchParts;
  /** As it was when it was last read. */
  #read: string | null;
  /** When it was last read well. */
  #wasThere: boolean;
  /** As it was at the last look. */
  #seen: string | null;
  #cancel: () => void = () => {};
  /** Changes are applied one after the other. */
  #applying: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(parts: ConfigWatchParts) {
    this.#parts = parts;
    this.#read = signOf(parts.path);
    this.#seen = this.#read;
    this.#wasThere = this.#read !== null;
    this.#arm();
  }

  /** Reads the file again now, and resolves when what it says is in force or refused. Never rejects. */
  reload(): Promise<void> {
    this.#applying = this.#applying.then(() => this.#reload());
    return this.#applying;
  }

  /** Resolves when nothing is being applied. */
  applied(): Promise<void> {
    return this.#applying;
  }

  /** Resolves when nothing is being applied any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#applying;
  }

  #arm(): void {
    this.#cancel = this.#parts.clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  /** An editor saves in several steps: the file is read when it is the same at two looks. */
  #look(): void {
    const before = this.#seen;
    this.#seen = signOf(this.#parts.path);
    if (this.#seen === before && this.#seen !== this.#read) void this.reload();
    this.#arm();
  }

  async #reload(): Promise<void> {
    if (this.#isStopped) return;
    const { path, log, apply, onNotices } = this.#parts;
    try {
      const config = this.#load();
      await apply(config);
      const changed = restartKeys(this.#parts.config, config);
      if (changed.length > 0) log.warn({ path, keys: changed }, 'changed keys need a restart of the server');
      onNotices(changed.map((key) => `${key} has changed and needs a restart of the server`));
    } catch (error) {
      const { message } = failureOf(error);
      log.error({ path, problem: message }, 'the configuration cannot be used; what was in force stays so');
      onNotices([`the configuration cannot be used, what was in force stays so: ${message}`]);
    }
  }

  /** A file that is gone is on its way back, or was lost: it does not mean the defaults. */
  #load(): Config {
    const { path, load } = this.#parts;
    // taken before it is read: a change meanwhile is seen at the next look
    this.#read = signOf(path);
    if (this.#read === null && this.#wasThere) throw new RuntimeError('INVALID_PARAMS', `${path} is gone`);
    const config = load();
    this.#wasThere = this.#read !== null;
    return config;
  }
}

/** Changes whenever the file does; `null`: there is none. */
function signOf(path: string): string | null {
  try {
    const found = statSync(path, { throwIfNoEntry: false, bigint: true });
    return found === undefined ? null : [found.dev, found.ino, found.size, found.mtimeNs].join(' ');
  } catch (error) {
    return String(error);
  }
}

/** Keys other than `instances` by which the two differ. */
const restartKeys = (before: Config, after: Config): string[] =>
  Object.entries(after)
    .filter(
      ([key, value]) =>
        key !== 'instances' && JSON.stringify(value) !== JSON.stringify(Reflect.get(before, key)),
    )
    .map(([key]) => key);
