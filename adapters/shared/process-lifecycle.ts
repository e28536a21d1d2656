import { failure, type Failure } from '../../machines/domain/error.ts';
import type { InstanceReport } from '../../machines/domain/instance.ts';
import type { ProcessExit, ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import type { InstanceLifecycle } from './adapter.ts';
import { exitFailure, spawnFailure, startFailureOf } from './launch.ts';

/** What belongs to one life of a process that serves all threads of its instance. */
export interface ServingRun {
  readonly server: {
    readonly stderrTail: string;
    setPaused(isPaused: boolean): void;
    end(force: boolean): Promise<void>;
  };
}

/** How a run is over without having been asked to end. */
export interface RunEnds {
  /** Once, after its last word; with an error where it never ran. */
  onExit(exit: ProcessExit, error: Error | null): void;
  /** It is there, and answers nobody. */
  onMute(): void;
}

interface LifecycleParts<R> {
  readonly spec: ProcessSpec;
  /** As its failures call it. */
  readonly program: string;
  /** Starts a process. */
  makeRun(ends: RunEnds): R;
  /** What it says of itself. @throws {StartRefused} when it cannot be used */
  shakeHands(run: R): Promise<InstanceReport>;
}

/** The process of an instance: at most one at a time, started after the last one is proven gone. */
export class ProcessLifecycle<R extends ServingRun> implements InstanceLifecycle<R> {
  readonly #host: ProviderHost;
  readonly #parts: LifecycleParts<R>;
  #run: R | null = null;
  #phase: 'none' | 'starting' | 'ready' = 'none';
  #report: InstanceReport = {};
  /** Counts starts and stops, so that what was overtaken is dropped. */
  #generation = 0;
  /** Resolves when no earlier process is left. */
  #ended: Promise<void> = Promise.resolve();
  #isPaused = false;

  constructor(host: ProviderHost, parts: LifecycleParts<R>) {
    this.#host = host;
    this.#parts = parts;
  }

  /** The run that answers, once its handshake is done. */
  get run(): R | null {
    return this.#phase === 'ready' ? this.#run : null;
  }

  /** Asked again while starting, one start and one report serve both. */
  start(): void {
    if (this.#phase === 'starting') return;
    if (this.#phase === 'ready') return this.#sayStarted();
    this.#phase = 'starting';
    this.#generation += 1;
    void this.#start(this.#generation);
  }

  async stop(force: boolean): Promise<void> {
    await this.end(force);
    this.#host.reportInstance({ type: 'process.stopped' });
  }

  /** @throws {RuntimeError} INTERNAL when something of the process outlives SIGKILL */
  end(force: boolean): Promise<void> {
    const run = this.#run;
    this.#forget();
    if (run !== null) this.#endRun(run, force);
    return this.#ended;
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#run?.server.setPaused(isPaused);
  }

  async #start(generation: number): Promise<void> {
    await this.#ended.catch((error: unknown) =>
      this.#host.warn('an old process is left', { error: String(error) }),
    );
    if (generation !== this.#generation) return;
    const run: R = this.#parts.makeRun({
      onExit: (exit, error) => this.#takeExit(run, exit, error),
      onMute: () => this.#takeMute(run),
    });
    this.#run = run;
    if (this.#isPaused) run.server.setPaused(true);
    try {
      const report = await this.#parts.shakeHands(run);
      if (this.#run !== run) return;
      this.#phase = 'ready';
      this.#report = report;
      this.#sayStarted();
    } catch (error) {
      this.#failStart(run, error);
    }
  }

  /** Nobody who waits for it would ever be told more: it is as good as gone, and what is left of it is ended. */
  #takeMute(run: R): void {
    if (this.#run !== run) return;
    const type = this.#phase === 'starting' ? 'process.failed' : 'process.exited';
    this.#forget();
    this.#endRun(run, true);
    this.#host.reportInstance({ type, failure: muteFailure(this.#parts.program) });
  }

  #failStart(run: R, error: unknown): void {
    if (this.#run !== run) return;
    this.#forget();
    this.#endRun(run, true);
    this.#host.reportInstance({ type: 'process.failed', failure: startFailureOf(error) });
  }

  /** Nothing is said of an end that was asked for; it is over when everything of it is gone. */
  #takeExit(run: R, exit: ProcessExit, error: Error | null): void {
    if (this.#run !== run) return;
    const { program, spec } = this.#parts;
    const isStarting = this.#phase === 'starting';
    this.#forget();
    if (!isStarting) {
      return this.#host.reportInstance({ type: 'process.exited', failure: exitFailure(program, exit) });
    }
    const cause = error === null ? startFailure(program, exit, run) : spawnFailure(spec, error);
    this.#host.reportInstance({ type: 'process.failed', failure: cause });
  }

  #forget(): void {
    this.#run = null;
    this.#phase = 'none';
    this.#generation += 1;
  }

  #endRun(run: R, force: boolean): void {
    const before = this.#ended;
    const ended = Promise.all([before, run.server.end(force)]).then(() => {});
    ended.catch(() => {});
    this.#ended = ended;
  }

  #sayStarted(): void {
    this.#host.reportInstance({ type: 'process.started', report: this.#report });
  }
}

const startFailure = (program: string, exit: ProcessExit, { server }: ServingRun): Failure => ({
  ...exitFailure(program, exit, server.stderrTail),
  code: 'OPEN_FAILED',
});

const muteFailure = (program: string): Failure =>
  failure('CONNECTION_LOST', `${program} did not answer anything any more and was ended`, {
    class: 'transport',
  });
