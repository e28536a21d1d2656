/** One scripted model, a server with codex on it, and a codex driven directly: the same prompt by two ways. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import type { FactEvent } from '../../machines/domain/fact.ts';
import type { Client } from '../../server/client/client.ts';
import { connect } from '../../server/client/node.ts';
import { makeCodexHome, type CodexHome } from '../helpers/codex-home.ts';
import { startCodexSession, type CodexSession } from '../helpers/codex-session.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';
import type { Script } from '../model-endpoint/script.ts';
import { startModelEndpoint, type ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'server', 'main.ts');
const WAIT = { timeoutMs: 60_000 };

/** When a turn's first delta, the end of its message and its own end were heard; milliseconds of this process. */
export interface HeardAt {
  readonly delta: number;
  readonly item: number;
  readonly turn: number;
}

/** One way to codex. */
export interface Way {
  /** Sends the prompt, lets the model go at `go`, and says when what was heard. */
  turn(prompt: string, go: () => Promise<void>): Promise<HeardAt>;
  end(): Promise<void>;
}

export class Stage {
  readonly endpoint: ModelEndpoint;
  readonly #binary: string;
  readonly #homes: CodexHome[] = [];

  private constructor(binary: string, endpoint: ModelEndpoint) {
    this.#binary = binary;
    this.endpoint = endpoint;
  }

  static async open(binary: string, script: Script): Promise<Stage> {
    return new Stage(binary, await startModelEndpoint(script));
  }

  async direct(): Promise<DirectWay> {
    const home = await this.#home();
    const session = await startCodexSession(this.#binary, home);
    const { thread } = await session.ask<{ thread: { id: string } }>('thread/start', { cwd: home.workspace });
    return new DirectWay(session, thread.id);
  }

  async served(): Promise<ServedWay> {
    const home = await this.#home();
    const data = join(tmpdir(), `threadchart-bench-${nanoid()}`);
    mkdirSync(data, { mode: 0o700 });
    const codex = { instanceId: 'codex', driver: 'codex', command: this.#binary, env: home.env };
    writeFileSync(join(data, 'config.json'), JSON.stringify({ instances: [codex] }), { mode: 0o600 });
    const args = ['serve', '--json', '--port', '0', '--data', data];
    const server = await ServerProcess.start({ path: MAIN, args, data, word: `bench-${nanoid()}` });
    const { url, tokenFile } = server.place;
    const client = await connect({ url, token: readFileSync(tokenFile, 'utf8').trim() });
    const { threadId } = await client.dispatch({
      type: 'thread.create',
      cwd: home.workspace,
      instanceId: 'codex',
    });
    return new ServedWay({ server, client, threadId, data });
  }

  async close(): Promise<void> {
    await this.endpoint.close();
    for (const home of this.#homes) await home.remove();
  }

  async #home(): Promise<CodexHome> {
    const home = await makeCodexHome({ endpointUrl: this.endpoint.url });
    this.#homes.push(home);
    return home;
  }
}

const FRAMES = { delta: 'item/agentMessage/delta', item: 'item/completed', turn: 'turn/completed' } as const;

class DirectWay implements Way {
  readonly #session: CodexSession;
  readonly #threadId: string;

  constructor(session: CodexSession, threadId: string) {
    this.#session = session;
    this.#threadId = threadId;
  }

  async turn(prompt: string, go: () => Promise<void>): Promise<HeardAt> {
    const { peer } = this.#session;
    const times: Record<string, number> = {};
    this.#session.onHeard = ({ method, params }) => {
      const isUserItem = method === FRAMES.item && isUserMessage(params['item']);
      if (!isUserItem) times[method] ??= performance.now();
    };
    const input = [{ type: 'text', text: prompt }];
    await peer.request('turn/start', { threadId: this.#threadId, input }, { timeoutMs: WAIT.timeoutMs });
    await go();
    await until(() => times[FRAMES.turn], WAIT);
    return heardOf((name) => times[FRAMES[name]]);
  }

  async end(): Promise<void> {
    await this.#session.child.end();
  }
}

interface Served {
  readonly server: ServerProcess;
  readonly client: Client;
  readonly threadId: string;
  readonly data: string;
}

class ServedWay implements Way {
  /** Of the last turn. */
  readonly events: FactEvent[] = [];
  readonly #parts: Served;
  #onEvent: (event: FactEvent) => void = () => {};

  constructor(parts: Served) {
    this.#parts = parts;
    parts.client.subscribeThread(parts.threadId, {
      onEvent: (event) => {
        this.#onEvent(event);
        this.events.push(event);
      },
    });
  }

  async turn(prompt: string, go: () => Promise<void>): Promise<HeardAt> {
    const times: Partial<Record<keyof HeardAt, number>> = {};
    this.events.length = 0;
    this.#onEvent = ({ fact }) => {
      const now = performance.now();
      if (fact.type === 'item.delta') times.delta ??= now;
      if (fact.type === 'item.completed' && fact.item.body.kind === 'assistant_message') times.item ??= now;
      if (fact.type === 'turn.ended') times.turn ??= now;
    };
    const { threadId } = this.#parts;
    await this.#parts.client.dispatch({ type: 'turn.submit', threadId, text: prompt });
    await go();
    await until(() => times.turn, WAIT);
    return heardOf((name) => times[name]);
  }

  /** Of the server process alone, without codex. */
  async cpuSeconds(): Promise<number> {
    const response = await fetch(new URL('/metrics', this.#parts.server.place.url));
    const [, value = ''] = /^threadchart_process_cpu_seconds_total (\S+)$/m.exec(await response.text()) ?? [];
    return Number(value);
  }

  async end(): Promise<void> {
    const { client, server, data } = this.#parts;
    client.close();
    server.send('SIGTERM');
    await server.exited;
    rmSync(data, { recursive: true, force: true });
  }
}

function heardOf(timeOf: (name: keyof HeardAt) => number | undefined): HeardAt {
  const [delta, item, turn] = [timeOf('delta'), timeOf('item'), timeOf('turn')];
  if (delta === undefined || item === undefined || turn === undefined)
    throw new Error('a frame of the turn was not heard');
  return { delta, item, turn };
}

const isUserMessage = (item: unknown): boolean =>
  typeof item === 'object' && item !== null && Reflect.get(item, 'type') === 'userMessage';
