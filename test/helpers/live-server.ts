/** The server as users run it, in a process of its own, with a real agent and a model that follows a script. */
import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import { expect, onTestFailed, onTestFinished } from 'vitest';
import type { Client } from '../../server/client/client.ts';
import { connect } from '../../server/client/node.ts';
import { claudeBinary, codexBinary, opencodeBinary } from '../agents/agents.ts';
import type { Script } from '../model-endpoint/script.ts';
import { startModelEndpoint, type ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import { makeClaudeHome, type ClaudeHome, type ClaudeHomeOptions } from './claude-home.ts';
import { makeCodexHome, type CodexHome, type CodexHomeOptions } from './codex-home.ts';
import { makeOpencodeHome, type OpencodeHome, type OpencodeHomeOptions } from './opencode-home.ts';
import { keptPort } from './kept-port.ts';
import { LiveThread, type CreateOptions } from './live-thread.ts';
import { listRunProcesses, type RunProcess } from './run-processes.ts';
import { logTail, runProgram, ServerProcess, type Exit, type Program } from './server-process.ts';
import { until } from './until.ts';

export const MAIN = join(import.meta.dirname, '..', '..', 'server', 'main.ts');
/** For what takes a process, or a turn. */
export const LIVE_WAIT_MS = 60_000;
/** A server that has ended leaves nothing; what was killed with it may take a moment to vanish. */
const GONE_WAIT_MS = 15_000;
const FAST_BACKOFF = { baseMs: 20, mostMs: 100 };

export interface LiveOptions {
  readonly codex?: Omit<CodexHomeOptions, 'endpointUrl'>;
  /** Further arguments of the agent. */
  readonly args?: readonly string[];
  /** The agent is claude, not codex. */
  readonly claude?: Omit<ClaudeHomeOptions, 'endpointUrl'>;
  /** Another agent. */
  readonly agent?: (endpoint: ModelEndpoint) => Promise<LiveAgent>;
  /** The agent is opencode, not codex. */
  readonly opencode?: Omit<OpencodeHomeOptions, 'endpointUrl'>;
  /** Keys of the configuration file. By default a SIGTERM does not wait for turns. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Registers its own end, which also looks whether a process is left and whether the model's script was followed. */
export async function startLiveServer(script: Script, options: LiveOptions = {}): Promise<LiveServer> {
  const endpoint = await startModelEndpoint(script);
  const { agent, command, args, processWord, home } = await makeAgent(endpoint, options);
  const word = `run-${nanoid()}`;
  const data = join(realpathSync(tmpdir()), `threadchart-live-${word}`);
  mkdirSync(data, { mode: 0o700 });
  const instance = {
    instanceId: agent,
    driver: agent,
    command,
    env: home.env,
    args: options.args ?? args ?? [],
  };
  const config = { drainMs: 0, deltaWindowMs: 0, instances: [instance], ...options.config };
  writeFileSync(join(data, 'config.json'), JSON.stringify(config), { mode: 0o600 });
  const server = new LiveServer({ endpoint, home, agent, processWord, data, word });
  onTestFailed(() => console.error(`the end of the log of ${data}:\n${logTail(data)}`));
  onTestFinished(({ task }) => server.finish(task.result?.state === 'fail'));
  await server.start();
  return server;
}

/** An agent in folders of its own. */
export interface LiveAgent {
  /** The driver, and the id of the instance. */
  readonly agent: string;
  readonly command: string | null;
  readonly args?: readonly string[];
  /** In the command line of each of its processes, and of nothing else. */
  readonly processWord: string;
  readonly home: AgentHome;
}

type AgentHome = CodexHome | ClaudeHome | OpencodeHome;

async function makeAgent(endpoint: ModelEndpoint, options: LiveOptions): Promise<LiveAgent> {
  const { codex, claude, opencode, agent } = options;
  if (agent !== undefined) return agent(endpoint);
  const { url, origin } = endpoint;
  if (opencode !== undefined) {
    const home = await makeOpencodeHome({ ...opencode, endpointUrl: url });
    const command = opencode.command ?? opencodeBinary();
    return { agent: 'opencode', command, processWord: 'serve --hostname', home };
  }
  if (claude === undefined) {
    const home = await makeCodexHome({ ...codex, endpointUrl: url });
    return { agent: 'codex', command: codexBinary(), processWord: 'app-server', home };
  }
  const home = await makeClaudeHome({ ...claude, endpointUrl: origin });
  return { agent: 'claude', command: claudeBinary(), processWord: '--input-format=stream-json', home };
}

/** Default: a client of its own. */
type ThreadOptions = Partial<CreateOptions> & { readonly client?: Client };

interface Parts {
  readonly endpoint: ModelEndpoint;
  readonly home: AgentHome;
  readonly agent: string;
  readonly processWord: string;
  readonly data: string;
  readonly word: string;
}

export class LiveServer {
  readonly endpoint: ModelEndpoint;
  readonly home: AgentHome;
  readonly agent: string;
  readonly data: string;
  /** Where threads work. */
  readonly workspace: string;
  readonly #word: string;
  readonly #processWord: string;
  readonly #clients: Client[] = [];
  #process: ServerProcess | null = null;
  #port = 0;

  constructor({ endpoint, home, agent, processWord, data, word }: Parts) {
    this.endpoint = endpoint;
    this.home = home;
    this.agent = agent;
    this.data = data;
    this.workspace = realpathSync(home.workspace);
    this.#word = word;
    this.#processWord = processWord;
  }

  /** The run that is or was last there. */
  get process(): ServerProcess {
    if (this.#process === null) throw new Error('the server was not started');
    return this.#process;
  }

  get url(): string {
    return this.process.place.url;
  }

  get token(): string {
    return readFileSync(this.process.place.tokenFile, 'utf8').trim();
  }

  /** On the same folder and the same port each time. */
  async start(): Promise<void> {
    this.#port ||= await keptPort();
    this.#process = await ServerProcess.start(
      this.#program(['serve', '--json', '--port', String(this.#port)]),
    );
  }

  /** The power button; afterwards the operating system knows nothing of this run but what it has started. */
  async kill(): Promise<void> {
    await this.process.kill();
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.process.send(signal);
    return this.process.exited;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async killAndRestart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** A client that comes back quickly; closed when the test ends. */
  async connect(): Promise<Client> {
    const client = await connect({ url: this.url, token: this.token, backoff: FAST_BACKOFF });
    this.#clients.push(client);
    return client;
  }

  /** A client with a thread in the workspace, followed from its beginning. */
  async thread(options: ThreadOptions = {}): Promise<LiveThread> {
    const { client = await this.connect(), ...more } = options;
    return LiveThread.create(client, { cwd: this.workspace, instanceId: this.agent, ...more });
  }

  /** Runs a command of the program on the data folder to its end. */
  run(...args: readonly string[]): Promise<Exit & { readonly out: string }> {
    return runProgram(this.#program(args));
  }

  /** A second server beside this one. @throws {Error} as `ServerProcess.start` does */
  startAnother(): Promise<ServerProcess> {
    return ServerProcess.start(this.#program(['serve', '--json', '--port', '0']));
  }

  /** Makes an empty file in the workspace. */
  touch(name: string): void {
    writeFileSync(join(this.workspace, name), '');
  }

  /** Everything that lives of this run, the server included. */
  processes(): Promise<RunProcess[]> {
    return listRunProcesses(this.#word);
  }

  /** Processes of the agent itself, without its commands. */
  async agentProcesses(): Promise<RunProcess[]> {
    return (await this.processes()).filter(({ command }) => command.includes(this.#processWord));
  }

  /** Makes a file of the workspace that a command waits for. */
  openGate(file: string): void {
    writeFileSync(join(this.workspace, file), '');
  }

  /** Ends everything. @throws {AssertionError} when something of the run outlived it or the script was not followed */
  async finish(isFailed: boolean): Promise<void> {
    for (const client of this.#clients) client.close();
    this.endpoint.releaseAll();
    await this.stop();
    const left = await this.#endLeftovers();
    await this.endpoint.close();
    await this.home.remove();
    if (!isFailed) rmSync(this.data, { recursive: true, force: true });
    expect.soft(left, 'processes that outlived the server').toEqual([]);
    expect.soft(this.endpoint.errors, 'requests that the script did not expect').toEqual([]);
  }

  async #endLeftovers(): Promise<RunProcess[]> {
    const isGone = async (): Promise<boolean> => (await this.processes()).length === 0;
    await until(isGone, { timeoutMs: GONE_WAIT_MS }).catch(() => undefined);
    const left = await this.processes();
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    return left;
  }

  #program(args: readonly string[]): Program {
    const { data } = this;
    return { path: MAIN, args: [...args, '--data', data], data, word: this.#word };
  }
}
