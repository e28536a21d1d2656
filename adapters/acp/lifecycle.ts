import { type Failure } from '../../machines/domain/error.ts';
import type { InstanceReport } from '../../machines/domain/instance.ts';
import type { ProcessExit, ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import type { InstanceLifecycle } from '../shared/adapter.ts';
import { exitFailure, spawnFailure, startFailureOf, StartRefused } from '../shared/launch.ts';
import { AgentProcess } from './agent-process.ts';
import { handshakeWith } from './connections.ts';
import { reportOf } from './instance-report.ts';
import { handshakeProblem, launchProblem } from './launch.ts';
import type { Preset } from './presets.ts';
import { Run } from './run.ts';
import type { Initialized } from './wire.ts';

/**
 * An instance has no process of its own: an agent that answers no more could not be ended without its other threads. Its
 * start asks an agent what it is and ends it again; its stop ends the processes of its connections.
 */
export class Lifecycle implements InstanceLifecycle<Run> {
  readonly #spec: ProcessSpec;
  readonly #preset: Preset;
  readonly #host: ProviderHost;
  #run: Run | null = null;
  #isStarting = false;
  #report: InstanceReport = {};
  /** Counts starts and stops, so that what was overtaken is dropped. */
  #generation = 0;
  /** Resolves when no earlier process is left. */
  #ended: Promise<void> = Promise.resolve();
  #probe: AgentProcess | null = null;
  #isPaused = false;

  constructor(spec: ProcessSpec, preset: Preset, host: ProviderHost) {
    this.#spec = spec;
    this.#preset = preset;
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
      const answer = await this.#ask();
      if (generation !== this.#generation) return;
      this.#run = new Run(this.#spec, this.#preset, this.#host);
      this.#run.isPaused = this.#isPaused;
      this.#report = reportOf(answer);
      this.#isStarting = false;
      this.#sayStarted();
    } catch (error) {
      if (generation !== this.#generation) return;
      this.#isStarting = false;
      this.#host.reportInstance({ type: 'process.failed', failure: startFailureOf(error) });
    }
  }

  /** @throws {StartRefused} {JsonRpcError} {ZodError} */
  async #ask(): Promise<Initialized> {
    refuse(launchProblem(this.#spec));
    const gone = Promise.withResolvers<never>();
    gone.promise.catch(() => {});
    const probe: AgentProcess = new AgentProcess(this.#spec, {
      host: this.#host,
      name: this.#preset.name,
      // it is asked for one thing, and answers that
      onNotification: () => {},
      onRequest: () => {},
      onExit: (exit, error) => gone.reject(this.#refusal(exit, { error, said: probe.stderrTail })),
    });
    this.#probe = probe;
    try {
      const answer = await Promise.race([probe.ask(handshakeWith(this.#preset)), gone.promise]);
      refuse(handshakeProblem(answer, this.#preset));
      this.#judge(answer);
      return answer;
    } finally {
      this.#probe = null;
      this.#endAll([probe.end(true)]);
    }
  }

  #judge({ agentInfo }: Initialized): void {
    const { tested, name } = this.#preset;
    const version = agentInfo?.version ?? null;
    if (tested.length === 0 || (version !== null && tested.includes(version))) return;
    this.#host.warn(`this version of ${name} has not been tested`, { version });
  }

  #refusal(exit: ProcessExit, { error, said }: { error: Error | null; said: string }): StartRefused {
    if (error !== null) return new StartRefused(spawnFailure(this.#spec, error));
    return new StartRefused({ ...exitFailure(this.#preset.name, exit, said), code: 'OPEN_FAILED' });
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

function refuse(problem: Failure | null): void {
  if (problem !== null) throw new StartRefused(problem);
}
