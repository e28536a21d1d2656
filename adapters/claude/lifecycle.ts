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
  versionIn,
} from '../shared/launch.ts';
import { ClaudeProcess } from './claude-process.ts';
import { INITIALIZE } from './connections.ts';
import { reportOf } from './instance-report.ts';
import { probeSpec, PROGRAM, VERSIONS } from './launch.ts';
import { Run } from './run.ts';
import type { Initialized } from './wire.ts';

interface Probed {
  readonly answer: Initialized;
  readonly version: string | null;
}

/**
 * An instance has no process of its own. Its start asks a claude what it is and ends it again; its stop ends the
 * processes of its connections.
 */
export class Lifecycle implements InstanceLifecycle<Run> {
  readonly #spec: ProcessSpec;
  readonly #host: ProviderHost;
  #run: Run | null = null;
  #isStarting = false;
  #report: InstanceReport = {};
  /** Counts starts and stops, so that what was overtaken is dropped. */
  #generation = 0;
  /** Resolves when no earlier process is left. */
  #ended: Promise<void> = Promise.resolve();
  #probe: ClaudeProcess | null = null;
  #isPaused = false;

  constructor(spec: ProcessSpec, host: ProviderHost) {
    this.#spec = spec;
    this.#host = host;
  }

  /** The run that serves threads, once the probe has answered. */
  get run(): Run | null {
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
      const { answer, version } = await this.#ask();
      if (generation !== this.#generation) return;
      this.#run = new Run(this.#spec, this.#host, answer.models);
      this.#run.isPaused = this.#isPaused;
      this.#report = reportOf(answer, version);
      this.#isStarting = false;
      this.#sayStarted();
    } catch (error) {
      if (generation !== this.#generation) return;
      this.#isStarting = false;
      this.#host.reportInstance({ type: 'process.failed', failure: startFailureOf(error) });
    }
  }

  async #ask(): Promise<Probed> {
    const gone = Promise.withResolvers<never>();
    gone.promise.catch(() => {});
    const probe = new ClaudeProcess(probeSpec(this.#spec), this.#host, {
      // it is asked for one thing, and answers that
      onFrame: () => {},
      onExit: (exit, error) => gone.reject(this.#refusal(exit, { error, said: probe.stderrTail })),
    });
    this.#probe = probe;
    try {
      const answer = await Promise.race([probe.ask(INITIALIZE), gone.promise]);
      const version = answer.claude_code_version ?? (await this.#printedVersion());
      this.#judge(version);
      return { answer, version };
    } finally {
      this.#probe = null;
      this.#endAll([probe.end(true)]);
    }
  }

  /** Older versions do not say it in the handshake. */
  async #printedVersion(): Promise<string | null> {
    const { promise, resolve } = Promise.withResolvers<string>();
    let printed = '';
    this.#host.processes.spawn(
      { ...this.#spec, args: ['--version'] },
      {
        onStdout: (bytes) => void (printed += Buffer.from(bytes).toString()),
        onStderr: () => {},
        onExit: () => resolve(printed),
      },
    );
    return versionIn(await promise);
  }

  #judge(version: string | null): void {
    const verdict = judgeVersion(VERSIONS, version);
    if (version !== null && verdict === 'tooOld')
      throw new StartRefused(tooOldFailure('claude', version, VERSIONS));
    if (verdict === 'untested') this.#host.warn('this version of claude has not been tested', { version });
  }

  #refusal(exit: ProcessExit, { error, said }: { error: Error | null; said: string }): StartRefused {
    if (error !== null) return new StartRefused(spawnFailure(this.#spec, error));
    return new StartRefused({ ...exitFailure(PROGRAM, exit, said), code: 'OPEN_FAILED' });
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
