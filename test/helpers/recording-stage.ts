/** Records what a real agent says in a scenario, behind the real runtime, into a file that is new. */
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LocalProcessHost } from '../../adapters/shared/process-host.ts';
import { formatRecording } from '../../adapters/replay/recording.ts';
import { Recorder } from '../../adapters/replay/recorder.ts';
import { commandSchema, type CommandResult } from '../../machines/domain/command.ts';
import type { FactOf, FactType } from '../../machines/domain/fact.ts';
import { instanceIdSchema, threadIdSchema } from '../../machines/domain/ids.ts';
import type { ItemKind } from '../../machines/domain/item.ts';
import type { Recording } from '../../machines/domain/recording.ts';
import type { ProcessHost } from '../../machines/ports/process-host.ts';
import type { ProviderDriver } from '../../machines/ports/provider.ts';
import type { Request } from '../../machines/domain/request.ts';
import { systemClock } from '../../server/runtime/clock.ts';
import { nanoid } from 'nanoid';
import type { Script } from '../model-endpoint/script.ts';
import { startModelEndpoint, type ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import { forkingDriver } from './forking-driver.ts';
import { RECORDED_ATTACHMENTS, RecordedRuntime, type EntryFacts } from './recorded-runtime.ts';
import { until } from './until.ts';

/** Some agents take long to start where much else runs. */
const WAIT_MS = 90_000;

/** A configuration folder of an agent's own, and where it works. */
export interface AgentHome {
  readonly path: string;
  readonly workspace: string;
  readonly env: Readonly<Record<string, string>>;
  readonly remove: () => Promise<void>;
}

/** An agent that can be recorded. */
export interface RecordedAgent<Options> {
  readonly driver: ProviderDriver;
  /** Stands in a recording for the configuration folder. */
  readonly configFolder: string;
  /** What stands between the frames that are recorded and the processes; default: nothing. */
  readonly over?: (processes: ProcessHost) => ProcessHost;
  makeHome(endpointUrl: string, options: Options | undefined): Promise<AgentHome>;
}

export interface Scenario<Options = unknown> {
  /** Also of the file's name: letters, digits, `-`. */
  readonly scenario: string;
  /** What sets it apart from other recordings of the scenario. */
  readonly branch?: string;
  readonly title: string;
  readonly description: string;
  /** Of the agent's home. */
  readonly home?: Options;
  /** What the model says. */
  readonly script: Script;
  /** Codes of the commands that are refused, in their order; default: none is. */
  readonly refusals?: readonly string[];
  /** Files that prompts attach, by id. */
  readonly attachments?: Readonly<Record<string, Uint8Array>>;
  /** What users do; everything is done when it resolves. */
  play(stage: RecordingStage): Promise<void>;
}

export interface RecordOptions {
  /** Of the agent. */
  readonly binary: string;
  readonly signal?: AbortSignal;
}

export interface Recorded {
  readonly recording: Recording;
  /** As they were drawn while it was recorded. */
  readonly facts: readonly EntryFacts[];
}

/** Runs the scenario to its end. Nothing of it is left, however it ends. */
export async function recordScenario<Options>(
  agent: RecordedAgent<Options>,
  scenario: Scenario<Options>,
  options: RecordOptions,
): Promise<Recorded> {
  const { title, description, script } = scenario;
  const endpoint = await startModelEndpoint(script);
  const home = await agent.makeHome(endpoint.url, scenario.home);
  const recorder = new Recorder({
    scenario: scenario.scenario,
    title,
    description,
    workspace: realpathSync(home.workspace),
    places: placesOf(agent, home, endpoint),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const stage = new RecordingStage({ recorder, endpoint, home, agent, binary: options.binary });
  for (const [id, bytes] of Object.entries(scenario.attachments ?? {})) stage.attach(id, bytes);
  const aborted = abortOf(options.signal);
  aborted.catch(() => undefined);
  try {
    await stage.start();
    await Promise.race([scenario.play(stage), aborted]);
    await stage.stop();
    return { recording: recorder.recording(), facts: stage.server.facts() };
  } finally {
    endpoint.releaseAll();
    await recorder.abort();
    await stage.close();
    await endpoint.close();
    await home.remove();
  }
}

/** @throws {Error} when there is such a file already: recordings are never made anew to please a test */
export function writeNewRecording(file: string, recording: Recording, mayOverwrite = false): void {
  if (existsSync(file) && !mayOverwrite) throw new Error(`${file} is there already; give --overwrite`);
  writeFileSync(file, formatRecording(recording));
}

/** Where the files of a home stand in a recording; the endpoint's port is another each time. */
function placesOf(
  { configFolder }: Pick<RecordedAgent<never>, 'configFolder'>,
  home: AgentHome,
  endpoint: ModelEndpoint,
): Record<string, string> {
  const root = dirname(home.workspace);
  return {
    [root]: '/home/user',
    [realpathSync(root)]: '/home/user',
    [home.path]: `/home/user/${configFolder}`,
    [home.workspace]: '/workspace',
    [attachmentsOf(home)]: RECORDED_ATTACHMENTS,
    [endpoint.url]: 'http://127.0.0.1/v1',
    [new URL(endpoint.url).host]: '127.0.0.1',
    ...(process.env['PATH'] === undefined ? {} : { [process.env['PATH']]: '/usr/bin' }),
  };
}

const attachmentsOf = ({ workspace }: AgentHome): string =>
  join(dirname(realpathSync(workspace)), 'attachments');

async function abortOf(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('the recording was aborted')), { once: true });
  });
}

interface StageParts {
  readonly recorder: Recorder;
  readonly endpoint: ModelEndpoint;
  readonly home: AgentHome;
  readonly agent: Pick<RecordedAgent<never>, 'driver' | 'over'>;
  readonly binary: string;
}

/** A server with the real agent, as the users of a scenario have it. Threads are called `t1`, `t2` … */
export class RecordingStage {
  readonly endpoint: ModelEndpoint;
  readonly workspace: string;
  readonly server: RecordedRuntime;
  readonly #recorder: Recorder;
  readonly #driver: string;
  readonly #attachments: string;
  readonly #pids = new Set<number>();
  #isRunning = false;
  #threadCount = 0;

  constructor({ recorder, endpoint, home, agent, binary }: StageParts) {
    const { driver, over = (processes) => processes } = agent;
    this.endpoint = endpoint;
    this.workspace = realpathSync(home.workspace);
    this.#recorder = recorder;
    this.#driver = driver.driver;
    this.#attachments = attachmentsOf(home);
    this.server = new RecordedRuntime({
      driver: forkingDriver(recorder.record(driver)),
      instance: {
        instanceId: instanceIdSchema.parse(driver.driver),
        driver: driver.driver,
        command: binary,
        env: home.env,
      },
      processes: over(
        new LocalProcessHost({
          table: {
            put: ({ pid }) => void (pid === null ? undefined : this.#pids.add(pid)),
            remove: () => {},
          },
          makeMarker: nanoid,
        }),
      ),
      clock: systemClock,
      attachments: this.#attachments,
    });
  }

  async start(): Promise<void> {
    await this.server.start();
    this.#isRunning = true;
  }

  /** The server drains nothing and ends the agent. */
  async stop(): Promise<void> {
    this.#recorder.noteServer('stopped');
    await this.close();
  }

  /** The server is stopped and started again on its store. */
  async restart(): Promise<void> {
    await this.stop();
    this.#recorder.noteServer('started');
    await this.start();
  }

  /** Without a word in the recording. */
  async close(): Promise<void> {
    if (this.#isRunning) await this.server.stop();
    this.#isRunning = false;
  }

  /** Of the newest process of the agent. */
  get agentPid(): number {
    const pid = [...this.#pids].at(-1);
    if (pid === undefined) throw new Error('the agent was not started');
    return pid;
  }

  /** The newest process of the agent dies, as by `kill -9`. */
  killAgent(): void {
    process.kill(this.agentPid, 'SIGKILL');
  }

  /** A command of a client, on the thread `t1` unless it says otherwise. */
  do(command: Record<string, unknown>): Promise<CommandResult> {
    const parsed = commandSchema.parse({ threadId: 't1', ...command });
    this.#recorder.noteCommand(parsed);
    return this.server.dispatch(parsed);
  }

  /** A new thread in the workspace. */
  async create(more: Record<string, unknown> = {}): Promise<string> {
    this.#threadCount += 1;
    const threadId = `t${this.#threadCount}`;
    await this.do({
      type: 'thread.create',
      threadId,
      cwd: this.workspace,
      instanceId: this.#driver,
      ...more,
    });
    return threadId;
  }

  /** An attachment, by its id. */
  attach(id: string, bytes: Uint8Array): void {
    mkdirSync(this.#attachments, { recursive: true });
    writeFileSync(join(this.#attachments, id), bytes);
  }

  /** A file in the workspace. */
  write(name: string, content = ''): void {
    writeFileSync(join(this.workspace, name), content);
  }

  /** A command that the runtime refuses. */
  async refused(command: Record<string, unknown>): Promise<void> {
    const isRefused = await this.do(command).then(
      () => false,
      () => true,
    );
    if (!isRefused) throw new Error(`it took ${JSON.stringify(command)}`);
  }

  submit(text: string, more: Record<string, unknown> = {}): Promise<CommandResult> {
    return this.do({ type: 'turn.submit', text, ...more });
  }

  /** A prompt to the end of its turn, settled. */
  async turn(text: string, more: Record<string, unknown> = {}): Promise<FactOf<'turn.ended'>> {
    const { turnId, threadId } = await this.submit(text, more);
    return this.ended(turnId, threadId);
  }

  /** The end of a turn, settled. */
  async ended(turnId: string | undefined, threadId = 't1'): Promise<FactOf<'turn.ended'>> {
    const ended = await this.fact('turn.ended', (fact) => fact.turnId === turnId, threadId);
    await this.settled(threadId);
    return ended;
  }

  /** The thread shows neither `starting` nor `running`. */
  async settled(threadId = 't1'): Promise<void> {
    const { reads } = this.server.runtime;
    const id = threadIdSchema.parse(threadId);
    await this.until(
      () => !['starting', 'running'].includes(reads.row(id)?.status ?? ''),
      'a settled thread',
    );
  }

  async status(status: string, threadId = 't1'): Promise<void> {
    const id = threadIdSchema.parse(threadId);
    await this.until(() => this.server.runtime.reads.row(id)?.status === status, status);
  }

  /** The first fact of a type, past or to come. */
  fact<T extends FactType>(
    type: T,
    isIt: (fact: FactOf<T>) => boolean = () => true,
    threadId = 't1',
  ): Promise<FactOf<T>> {
    return this.until(() => this.facts(type, threadId).find(isIt), type);
  }

  facts<T extends FactType>(type: T, threadId = 't1'): FactOf<T>[] {
    return this.server.entries
      .filter(({ stream }) => stream === threadId)
      .flatMap(({ facts }) => facts)
      .filter((fact): fact is FactOf<T> => fact.type === type);
  }

  /** The n-th request to a person, from 1. */
  async request(number = 1, threadId = 't1'): Promise<Request> {
    const opened = await this.until(
      () => this.facts('request.opened', threadId)[number - 1],
      `request ${number}`,
    );
    return opened.request;
  }

  async answer(
    decision: 'accept' | 'acceptForSession' | 'decline' | 'cancel',
    { number = 1, threadId = 't1' } = {},
  ): Promise<void> {
    const { requestId } = await this.request(number, threadId);
    await this.do({ type: 'request.respond', threadId, requestId, decision });
  }

  /** An item of the kind has begun. */
  async began(kind: ItemKind, threadId = 't1'): Promise<void> {
    await this.fact('item.started', ({ item }) => item.body.kind === kind, threadId);
  }

  /** An item of the kind has come to its end. */
  async completed(kind: ItemKind, threadId = 't1'): Promise<void> {
    await this.fact('item.completed', ({ item }) => item.body.kind === kind, threadId);
  }

  /** A file is in the workspace. */
  async exists(name: string): Promise<void> {
    await this.until(() => existsSync(join(this.workspace, name)), name);
  }

  /** Text has been streamed. */
  async streamed(text: string, threadId = 't1'): Promise<void> {
    const said = (): string =>
      this.facts('item.delta', threadId)
        .map((fact) => fact.text)
        .join('');
    await this.until(() => said().includes(text), `the text ${text}`);
  }

  until<T>(predicate: () => T, what: string): Promise<NonNullable<T>> {
    const told = (): string => JSON.stringify(this.server.facts().slice(-20), null, 1);
    return until(predicate, {
      timeoutMs: WAIT_MS,
      describe: () => `${what}; the last entries are ${told()}`,
    });
  }
}
