/** A server that is started, killed and started again over one store; checked at the end of the test. */
import { onTestFinished } from 'vitest';
import { threadIdSchema, type ThreadId } from '../../machines/domain/ids.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import { checkJournal } from './check-journal.ts';
import { MemoryStore, openMemoryJournal } from './memory-journal.ts';
import { World } from './scripted-world.ts';
import { RuntimeRun, type RuntimeSetup } from './start-runtime.ts';
import { TestClock } from './test-clock.ts';

export type ServerOptions = Omit<RuntimeSetup, 'journal' | 'world' | 'clock'>;

export const threadId = (name: string): ThreadId => threadIdSchema.parse(name);

export class ServerRuns {
  readonly store = new MemoryStore();
  readonly clock = new TestClock();
  readonly world = new World();
  /** Threads whose journal a test has broken. */
  readonly broken: string[] = [];
  /** Threads that a test has purged. */
  readonly purged: ThreadId[] = [];
  /** How many inputs the test has made fail in the current run. */
  failedCount = 0;
  readonly #options: ServerOptions;
  #run: RuntimeRun | null = null;
  #journal: Journal | null = null;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  get run(): RuntimeRun {
    if (this.#run === null) throw new Error('the server has not been started');
    return this.#run;
  }

  get journal(): Journal {
    if (this.#journal === null) throw new Error('the server has not been started');
    return this.#journal;
  }

  /** Another run over the same store, not yet started. */
  open(options: ServerOptions = {}): RuntimeRun {
    const { store, clock, world } = this;
    this.#journal = openMemoryJournal(store, {
      now: () => clock.now(),
      makeEpoch: () => `e${store.epochs.length + 1}`,
    });
    this.#run = new RuntimeRun({ ...this.#options, ...options, journal: this.#journal, clock, world });
    return this.#run;
  }

  /** Starts a run and lets everything come to rest. */
  start(options: ServerOptions = {}): Promise<RuntimeRun> {
    return this.open(options).start();
  }

  kill(): void {
    this.run.kill();
    this.store.crash();
  }

  /** Kills the server and starts the next run. */
  crash(options: ServerOptions = {}): Promise<RuntimeRun> {
    this.kill();
    return this.start(options);
  }

  check(): void {
    const { counters } = this.run.runtime;
    if (counters.failed !== this.failedCount) throw new Error(`failed inputs: ${this.run.warnings.join()}`);
    checkJournal(this.journal, {
      loaded: this.run.runtime.threads.loaded(),
      except: this.broken,
      purged: this.purged,
    });
  }
}

/** Registers the check of everything that is in the journal at the end of the test. */
export function makeServer(options: ServerOptions = {}): ServerRuns {
  const server = new ServerRuns(options);
  onTestFinished(({ task }) => {
    if (task.result?.state !== 'fail') server.check();
  });
  return server;
}

/** A started server with the thread `t1`. */
export async function startThread(
  options: ServerOptions = {},
): Promise<{ server: ServerRuns; run: RuntimeRun }> {
  const server = makeServer(options);
  const run = await server.start();
  await run.create();
  return { server, run };
}
