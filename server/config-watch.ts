/** Takes in changes of the configuration file while the server runs. A file that cannot be used changes nothing. */
import { existsSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import { failureOf, RuntimeError } from '../machines/domain/error.ts';
import type { Config } from './config.ts';
import type { Clock } from './runtime/clock.ts';
import type { Log } from './runtime/runtime.ts';

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

/** An editor saves in several steps; what it leaves behind is read once it has been quiet for so long. */
const QUIET_MS = 150;

export class ConfigWatch {
  readonly #parts: ConfigWatchParts;
  readonly #watcher: FSWatcher | null;
  #wasThere: boolean;
  #cancel: (() => void) | null = null;
  /** Changes are applied one after the other. */
  #applying: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(parts: ConfigWatchParts) {
    this.#parts = parts;
    this.#wasThere = existsSync(parts.path);
    this.#watcher = this.#watch();
  }

  /** Reads the file again now, and resolves when what it says is in force or refused. Never rejects. */
  reload(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    this.#applying = this.#applying.then(() => this.#reload());
    return this.#applying;
  }

  /** Resolves when nothing is being applied any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    this.#watcher?.close();
    await this.#applying;
  }

  /** The folder, because editors put a new file in the place of the old one. */
  #watch(): FSWatcher | null {
    const { path, log } = this.#parts;
    const say = (error: unknown): void =>
      log.warn({ path, error: String(error) }, 'the configuration is not watched; SIGHUP reads it again');
    try {
      const watcher = watch(dirname(path), { persistent: false }, (_, name) => {
        if (name === null || name === basename(path)) this.#arm();
      });
      watcher.on('error', say);
      return watcher;
    } catch (error) {
      say(error);
      return null;
    }
  }

  #arm(): void {
    this.#cancel?.();
    if (this.#isStopped) return;
    this.#cancel = this.#parts.clock.after(QUIET_MS, () => void this.reload());
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
    const isThere = existsSync(path);
    if (this.#wasThere && !isThere) throw new RuntimeError('INVALID_PARAMS', `${path} is gone`);
    const config = load();
    this.#wasThere = isThere;
    return config;
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
