/** Agents that are killed while their threads are at work, and what has to hold afterwards. */
import { expect } from 'vitest';
import type { Client } from '../../server/client/client.ts';
import type { FactType } from '../../machines/domain/fact.ts';
import type { AgentName } from '../agents/agents.ts';
import { bash as claudeBash } from '../model-endpoint/claude-tools.ts';
import { runCommand, runEscalated } from '../model-endpoint/codex-tools.ts';
import { bash as opencodeBash } from '../model-endpoint/opencode-tools.ts';
import type { Script } from '../model-endpoint/script.ts';
import { text, type Step } from '../model-endpoint/step.ts';
import { GEMINI_TOOLS, geminiAgent, opencodeAgent } from './acp-agents.ts';
import { LIVE_WAIT_MS, startLiveServer, type LiveOptions, type LiveServer } from './live-server.ts';
import type { LiveThread } from './live-thread.ts';
import { until } from './until.ts';

export interface KilledAgent {
  readonly name: string;
  readonly binary: AgentName;
  /** Threads that one process serves; 1: each has its own. */
  readonly threadsPerProcess: 1 | 5;
  readonly run: (command: string) => Step;
  /** Of a command that a person is asked about; default: as `run`. */
  readonly runAsking?: (command: string) => Step;
  readonly options: LiveOptions;
}

const shared = { threadsPerProcess: 5 } as const;
const own = { threadsPerProcess: 1 } as const;

export const KILLED_AGENTS: readonly KilledAgent[] = [
  { name: 'codex', binary: 'codex', ...shared, run: runCommand, runAsking: runEscalated, options: {} },
  { name: 'claude', binary: 'claude', ...own, run: claudeBash, options: { claude: {} } },
  { name: 'opencode serve', binary: 'opencode', ...shared, run: opencodeBash, options: { opencode: {} } },
  { name: 'opencode acp', binary: 'opencode', ...own, run: opencodeBash, options: { agent: opencodeAgent } },
  { name: 'gemini', binary: 'gemini', ...own, run: GEMINI_TOOLS.run, options: { agent: geminiAgent } },
];

/** Some refuse a command that begins with a sleep. */
const COMMAND = 'echo one; sleep 0.2; echo two';

/** All that was shown stays in the journal, to be compared. */
const KEEPS_DELTAS = { deltaRetentionMs: 86_400_000 };

/**
 * What a new session is told of an old one stands before it: gemini 0.61.0 deletes, when it starts, the file of a session
 * that another has just begun in the same folder.
 */
const promptIn = (userText: string): string => userText.trim().split('\n').at(-1) ?? '';

const script =
  ({ run, runAsking = run }: KilledAgent): Script =>
  ({ userText, purpose, turnToolOutputs }) => {
    if (purpose === 'title') return [text('a title')];
    const [what] = promptIn(userText).split(' of ');
    if (what === 'begin') return [text('begun')];
    if (what === 'go on') return [text('the end')];
    if (what === 'steer') return [text('another way')];
    if (what === 'ask') return turnToolOutputs.length === 0 ? [runAsking('touch asked')] : [text('asked')];
    if (what !== 'work') throw new Error(`the script does not know ${JSON.stringify(userText)}`);
    return turnToolOutputs.length === 0
      ? [text('I look around. ', { chunkLength: 3 }), run(COMMAND)]
      : [text('That is all there is. ', { chunkLength: 3 })];
  };

/** A thread that is at work when its agent is killed. */
export interface Worker {
  readonly name: string;
  readonly thread: LiveThread;
}

/** A server with threads of one agent that knows the beginning of each. */
export class KilledWorld {
  readonly server: LiveServer;
  readonly workers: readonly Worker[];

  private constructor(server: LiveServer, workers: readonly Worker[]) {
    this.server = server;
    this.workers = workers;
  }

  static async start(agent: KilledAgent, threadCount: number): Promise<KilledWorld> {
    const server = await startLiveServer(script(agent), { ...agent.options, config: KEEPS_DELTAS });
    const client = await server.connect();
    const names = Array.from({ length: threadCount }, (_, index) => `thread ${index}`);
    return new KilledWorld(server, await Promise.all(names.map((name) => begun(server, client, name))));
  }

  /** Every thread is asked for something; when one has got so far, the agent is killed. */
  async killIn(what: 'work' | 'go on', eventCount: number): Promise<void> {
    const asked = await Promise.all(
      this.workers.map(async ({ name, thread }) => {
        const before = thread.events.length;
        const { turnId } = await thread.submit(`${what} of ${name}`);
        return { thread, turnId, before };
      }),
    );
    const isThere = ({ thread, turnId, before }: (typeof asked)[number]): boolean =>
      thread.events.length - before >= eventCount ||
      thread.facts('turn.ended').some((fact) => fact.turnId === turnId);
    await Promise.race(asked.map((each) => each.thread.until(() => isThere(each), `${eventCount} events`)));
    await this.isStarting();
    await this.kill();
  }

  /**
   * `kill -9` of all processes of the agent. Resolves when all that they had started is gone too, and the threads know it:
   * a prompt that is handed over before is lost with its connection.
   */
  async kill(): Promise<void> {
    const { server } = this;
    const there = async () =>
      (await server.processes()).filter(({ pid }) => pid !== server.process.place.pid);
    const before = (await there()).map(({ pid }) => pid);
    // one that was just forked is not the agent yet, and that of another thread may not be there yet
    const isGone = async (): Promise<boolean> => {
      for (const { pid } of await server.agentProcesses()) kill(pid);
      const left = (await there()).some(({ pid }) => before.includes(pid));
      return !left && this.workers.every(({ thread }) => !isConnected(thread));
    };
    const describe = 'the end of what the killed agent had started, and of its connections';
    await until(isGone, { timeoutMs: LIVE_WAIT_MS, describe });
  }

  /** The agent has a process. */
  async isStarting(): Promise<void> {
    await until(async () => (await this.server.agentProcesses()).length > 0, { timeoutMs: LIVE_WAIT_MS });
  }

  /** That many events more, or less where its turn has come to its end. */
  async letPass({ thread }: Worker, eventCount: number): Promise<void> {
    const wanted = thread.events.length + eventCount;
    await thread.until(
      () => thread.events.length >= wanted || isSettled(thread),
      `${eventCount} events more`,
    );
  }

  async mustSettle(): Promise<void> {
    await Promise.all(this.workers.map(({ thread }) => settled(thread)));
  }

  /** Every thread settles and goes on, knowing what was said. */
  async mustGoOn(): Promise<void> {
    await Promise.all(this.workers.map((worker) => this.#mustGoOn(worker)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map(({ thread }) => thread.do({ type: 'thread.stop' })));
    await Promise.all(this.workers.map(({ thread }) => thread.reached('stopped')));
  }

  async #mustGoOn({ name, thread }: Worker): Promise<void> {
    await settled(thread);
    const ends = thread.facts('turn.ended').map(({ turnId }) => turnId);
    expect(new Set(ends).size).toBe(ends.length);
    expect(thread.openRequests).toEqual([]);
    const prompt = `go on of ${name}`;
    expect(await thread.turn(prompt)).toMatchObject({ outcome: 'completed', failure: null });
    const asked = this.server.endpoint.requests.findLast(({ userText }) => promptIn(userText) === prompt);
    expect(JSON.stringify(asked?.input)).toContain(`begin of ${name}`);
    await thread.expectEveryEventOnce();
    await thread.expectSameView();
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // it has ended meanwhile
    if (Reflect.get(Object(error), 'code') !== 'ESRCH') throw error;
  }
}

function isConnected({ events }: LiveThread): boolean {
  const latest = events.findLast(({ fact: { type } }) => CONNECTION_FACTS.has(type));
  return latest?.fact.type === 'connection.opening' || latest?.fact.type === 'connection.opened';
}

const CONNECTION_FACTS: ReadonlySet<FactType> = new Set([
  'connection.opening',
  'connection.opened',
  'connection.lost',
  'connection.closed',
]);

const isSettled = ({ view }: LiveThread): boolean => view?.machine?.tags.includes('settled') === true;

async function settled(thread: LiveThread): Promise<void> {
  await thread.until(() => isSettled(thread), 'an end of the work');
}

async function begun(server: LiveServer, client: Client, name: string): Promise<Worker> {
  const thread = await server.thread({ client, runtimeMode: 'full-access' });
  expect(await thread.turn(`begin of ${name}`)).toMatchObject({ outcome: 'completed' });
  return { name, thread };
}
