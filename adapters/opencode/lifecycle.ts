import type { Failure } from '../../machines/domain/error.ts';
import type { InstanceReport } from '../../machines/domain/instance.ts';
import type { ProcessExit, ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import type { InstanceLifecycle } from '../shared/adapter.ts';
import {
  exitFailure,
  judgeVersion,
  spawnFailure,
  startFailureOf,
  StartRefused,
  tooOldFailure,
} from '../shared/launch.ts';
import { readCatalogue } from './instance-report.ts';
import { PROGRAM, VERSIONS } from './launch.ts';
import { HEALTH } from './requests.ts';
import { Run } from './run.ts';
import { healthSchema } from './wire.ts';

/** Shorter than the chart's own bound, so that the failure has a reason. */
const HANDSHAKE_TIMEOUT_MS = 20_000;

/** The process of an instance: at most one at a time, started after the last one is proven gone. */
export class Lifecycle implements InstanceLifecycle<Run> {
  readonly #spec: ProcessSpec;
  readonly #host: ProviderHost;
  #run: Run | null = null;
  #phase: 'none' | 'starting' | 'ready' = 'none';
  #report: InstanceReport = {};
  /** Counts starts and stops, so that what was overtaken is dropped. */
  #generation = 0;
  /** Resolves when no earlier process is left. */
  #ended: Promise<void> = Promise.resolve();
  #isPaused = false;

  constructor(spec: ProcessSpec, host: ProviderHost) {
    this.#spec = spec;
    this.#host = host;
  }

  /** The run that answers, once its handshake is done. */
  get run(): Run | null {
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
    const run = new Run(this.#spec, this.#host, (exit, error) => this.#takeExit(run, exit, error));
    this.#run = run;
    if (this.#isPaused) run.server.setPaused(true);
    try {
      const report = await this.#shakeHands(run);
      if (this.#run !== run) return;
      this.#phase = 'ready';
      this.#report = report;
      this.#sayStarted();
    } catch (error) {
      this.#failStart(run, error);
    }
  }

  async #shakeHands(run: Run): Promise<InstanceReport> {
    const { server } = run;
    const { version } = await server.ask({
      ...HEALTH,
      answer: healthSchema,
      timeoutMs: HANDSHAKE_TIMEOUT_MS,
    });
    const verdict = judgeVersion(VERSIONS, version);
    if (verdict === 'tooOld') throw new StartRefused(tooOldFailure('opencode', version, VERSIONS));
    if (verdict === 'untested') this.#host.warn('this version of opencode has not been tested', { version });
    const { report, catalogue } = await readCatalogue(server);
    run.catalogue = catalogue;
    return { ...report, version };
  }

  #failStart(run: Run, error: unknown): void {
    if (this.#run !== run) return;
    this.#forget();
    this.#endRun(run, true);
    this.#host.reportInstance({ type: 'process.failed', failure: startFailureOf(error) });
  }

  /** Nothing is said of an end that was asked for; it is over when everything of it is gone. */
  #takeExit(run: Run, exit: ProcessExit, error: Error | null): void {
    if (this.#run !== run) return;
    const isStarting = this.#phase === 'starting';
    this.#forget();
    if (!isStarting) {
      return this.#host.reportInstance({ type: 'process.exited', failure: exitFailure(PROGRAM, exit) });
    }
    const cause = error === null ? startFailure(exit, run) : spawnFailure(this.#spec, error);
    this.#host.reportInstance({ type: 'process.failed', failure: cause });
  }

  #forget(): void {
    this.#run = null;
    this.#phase = 'none';
    this.#generation += 1;
  }

  #endRun(run: Run, force: boolean): void {
    const before = this.#ended;
    const ended = Promise.all([before, run.server.end(force)]).then(() => {});
    ended.catch(() => {});
    this.#ended = ended;
  }

  #sayStarted(): void {
    this.#host.reportInstance({ type: 'process.started', report: this.#report });
  }
}

const startFailure = (exit: ProcessExit, run: Run): Failure => ({
  ...exitFailure(PROGRAM, exit, run.server.stderrTail),
  code: 'OPEN_FAILED',
});
