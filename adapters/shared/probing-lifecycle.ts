import type { InstanceReport } from '../../machines/domain/instance.ts';
import type { ProcessExit, ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import type { InstanceLifecycle } from './adapter.ts';
import { exitFailure, spawnFailure, startFailureOf, StartRefused } from './launch.ts';

/** An agent that is asked what it is, and ended again. */
interface Probe {
  readonly stderrTail: string;
  end(force: boolean): Promise<void>;
}

/** What belongs to an instance from its start to its stop: no process of its own, but those of its connections. */
interface ProbedRun {
  isPaused: boolean;
  setPaused(isPaused: boolean): void;
  end(force: boolean): Promise<void>;
}

interface ProbingParts<P extends Probe, A, R> {
  readonly spec: ProcessSpec;
  /** As its failures call it. */
  readonly program: string;
  /** Starts an agent. `onExit` is called once, after its last word. @throws {StartRefused} when that is no use */
  startProbe(onExit: (exit: ProcessExit, error: Error | null) => void): P;
  /** The first thing that is said to it. */
  ask(probe: P): Promise<A>;
  /** What serves threads from now on, and what is known of it. @throws {StartRefused} when it cannot be used */
  accept(answer: A): Promise<Accepted<R>> | Accepted<R>;
}

interface Accepted<R> {
  readonly run: R;
  readonly report: InstanceReport;
}

/**
 * An instance without a process of its own. Its start asks an agent what it is and ends it again; its stop ends the
 * processes of its connections.
 */
export class ProbingLifecycle<P extends Probe, A, R extends ProbedRun> implements InstanceLifecycle<R> {
  readonly #host: ProviderHost;
  readonly #parts: ProbingParts<P, A, R>;
  #run: R | null = null;
  #isStarting = false;
  #report: InstanceReport = {};
  /** Counts starts and stops, so that what was overtaken is dropped. */
  #generation = 0;
  /** Resolves when no earlier process is left. */
  #ended: Promise<void> = Promise.resolve();
  #probe: P | null = null;
  #isPaused = false;

  constructor(host: ProviderHost, parts: ProbingParts<P, A, R>) {
    this.#host = host;
    this.#parts = parts;
  }

  /** The run that serves threads, once the probe has answered. */
  get run(): R | null {
    return this.#run;
  }

  /** Asked again while starting, one start and one report serve both. */
  start(): void {
    if (this.#isStarting) return;
    if (this.#run !== null) return this.#sayStarted();
    this.#isStarting = true;
    this.#generation += 1;
    void this.#start(this.#generation);
  }

  async stop(force: boolean): Promise<void> {
    await this.end(force);
    this.#host.reportInstance({ type: 'process.stopped' });
  }

  /** @throws {RuntimeError} INTERNAL when something of a process outlives SIGKILL */
  end(force: boolean): Promise<void> {
    const [run, probe] = [this.#run, this.#probe];
    this.#run = null;
    this.#probe = null;
    this.#isStarting = false;
    this.#generation += 1;
    this.#endAll([run?.end(force), probe?.end(true)]);
    return this.#ended;
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#run?.setPaused(isPaused);
  }

  async #start(generation: number): Promise<void> {
    await this.#ended.catch((error: unknown) =>
      this.#host.warn('an old process is left', { error: String(error) }),
    );
    if (generation !== this.#generation) return;
    try {
      const { run, report } = await this.#ask();
      if (generation !== this.#generation) return;
      this.#run = run;
      run.isPaused = this.#isPaused;
      this.#report = report;
      this.#isStarting = false;
      this.#sayStarted();
    } catch (error) {
      if (generation !== this.#generation) return;
      this.#isStarting = false;
      this.#host.reportInstance({ type: 'process.failed', failure: startFailureOf(error) });
    }
  }

  async #ask(): Promise<Accepted<R>> {
    const gone = Promise.withResolvers<never>();
    gone.promise.catch(() => {});
    const probe: P = this.#parts.startProbe((exit, error) =>
      gone.reject(this.#refusal(exit, { error, said: probe.stderrTail })),
    );
    this.#probe = probe;
    try {
      const answer = await Promise.race([this.#parts.ask(probe), gone.promise]);
      return await this.#parts.accept(answer);
    } finally {
      this.#probe = null;
      this.#endAll([probe.end(true)]);
    }
  }

  #refusal(exit: ProcessExit, { error, said }: { error: Error | null; said: string }): StartRefused {
    const { spec, program } = this.#parts;
    if (error !== null) return new StartRefused(spawnFailure(spec, error));
    return new StartRefused({ ...exitFailure(program, exit, said), code: 'OPEN_FAILED' });
  }

  #endAll(ends: readonly (Promise<void> | undefined)[]): void {
    const ended = Promise.all([this.#ended, ...ends]).then(() => {});
    ended.catch(() => {});
    this.#ended = ended;
  }

  #sayStarted(): void {
    this.#host.reportInstance({ type: 'process.started', report: this.#report });
  }
}
