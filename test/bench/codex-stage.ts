/** One scripted model, a server with codex on it, and a codex driven directly: the same prompts by two ways. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import type { Client } from '../../server/client/client.ts';
import { connect } from '../../server/client/node.ts';
import { makeCodexHome, type CodexHome } from '../helpers/codex-home.ts';
import { startCodexSession, type CodexSession, type Heard } from '../helpers/codex-session.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';
import type { Script } from '../model-endpoint/script.ts';
import { startModelEndpoint, type ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import type { StreamEvent } from '../model-endpoint/step.ts';
import { Moments } from './codex-turn.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'server', 'main.ts');
const WAIT = { timeoutMs: 60_000 };

/** One way to codex, with several threads. */
export interface Way {
  /** Sends the prompt to one of the threads, and tells when what of its turn was heard. */
  turn(thread: number, prompt: string): Promise<Moments>;
  end(): Promise<void>;
}

export class Stage {
  readonly #endpoint: ModelEndpoint;
  readonly #binary: string;
  readonly #homes: CodexHome[] = [];
  readonly #said = new Map<string, Moments>();

  private constructor(binary: string, endpoint: ModelEndpoint) {
    this.#binary = binary;
    this.#endpoint = endpoint;
    endpoint.onSent = ({ userText }, event) => note(this.said(userText.trim()), event);
  }

  static async open(binary: string, script: Script): Promise<Stage> {
    return new Stage(binary, await startModelEndpoint(script));
  }

  /** When the model said what in answer to the prompt. */
  said(prompt: string): Moments {
    const said = this.#said.get(prompt) ?? new Moments();
    this.#said.set(prompt, said);
    return said;
  }

  async direct(threadCount: number): Promise<DirectWay> {
    const { workspace: cwd, ...home } = await this.#home();
    const session = await startCodexSession(this.#binary, { ...home, workspace: cwd });
    const threadIds: string[] = [];
    for (let count = 0; count < threadCount; count += 1) {
      const { thread } = await session.ask<{ thread: { id: string } }>('thread/start', { cwd });
      threadIds.push(thread.id);
    }
    return new DirectWay(session, threadIds);
  }

  async served(threadCount: number): Promise<ServedWay> {
    const home = await this.#home();
    const data = join(tmpdir(), `threadchart-bench-${nanoid()}`);
    mkdirSync(data, { mode: 0o700 });
    const codex = { instanceId: 'codex', driver: 'codex', command: this.#binary, env: home.env };
    writeFileSync(join(data, 'config.json'), JSON.stringify({ instances: [codex] }), { mode: 0o600 });
    const args = ['serve', '--json', '--port', '0', '--data', data];
    const server = await ServerProcess.start({ path: MAIN, args, data, word: `bench-${nanoid()}` });
    const { url, tokenFile } = server.place;
    const client = await connect({ url, token: readFileSync(tokenFile, 'utf8').trim() });
    const threadIds: string[] = [];
    for (let count = 0; count < threadCount; count += 1) {
      const create = { type: 'thread.create', cwd: home.workspace, instanceId: 'codex' } as const;
      threadIds.push((await client.dispatch(create)).threadId);
    }
    return new ServedWay({ server, client, threadIds, data });
  }

  async close(): Promise<void> {
    await this.#endpoint.close();
    for (const home of this.#homes) await home.remove();
  }

  async #home(): Promise<CodexHome> {
    const home = await makeCodexHome({ endpointUrl: this.#endpoint.url });
    this.#homes.push(home);
    return home;
  }
}

function note(said: Moments, event: StreamEvent): void {
  const now = performance.now();
  if (event.type === 'response.output_item.added') said.itemStarted = now;
  else if (event.type === 'response.output_text.delta') said.add(String(event['delta']));
  else if (event.type === 'response.output_item.done') said.itemCompleted = now;
  else if (event.type === 'response.completed') said.turnEnded = now;
}

class DirectWay implements Way {
  readonly #session: CodexSession;
  readonly #threadIds: readonly string[];
  readonly #heard = new Map<string, Moments>();

  constructor(session: CodexSession, threadIds: readonly string[]) {
    this.#session = session;
    this.#threadIds = threadIds;
    session.onHeard = (heard) => this.#hear(heard);
  }

  async turn(thread: number, prompt: string): Promise<Moments> {
    const threadId = this.#threadIds[thread] ?? '';
    const moments = new Moments();
    this.#heard.set(threadId, moments);
    const input = [{ type: 'text', text: prompt }];
    await this.#session.peer.request('turn/start', { threadId, input }, WAIT);
    await until(() => moments.turnEnded, WAIT);
    return moments;
  }

  async end(): Promise<void> {
    await this.#session.child.end();
  }

  #hear({ method, params }: Heard): void {
    const now = performance.now();
    const moments = this.#heard.get(String(params['threadId']));
    if (moments === undefined) return;
    const isMessage = typeOf(params['item']) === 'agentMessage';
    if (method === 'item/started' && isMessage) moments.itemStarted = now;
    else if (method === 'item/agentMessage/delta') moments.add(String(params['delta']));
    else if (method === 'item/completed' && isMessage) moments.complete(now, textOf(params['item']));
    else if (method === 'turn/completed') moments.turnEnded = now;
  }
}

interface Served {
  readonly server: ServerProcess;
  readonly client: Client;
  readonly threadIds: readonly string[];
  readonly data: string;
}

export class ServedWay implements Way {
  readonly #parts: Served;
  readonly #heard: Moments[] = [];

  constructor(parts: Served) {
    this.#parts = parts;
    for (const [thread, threadId] of parts.threadIds.entries()) this.#follow(thread, threadId);
  }

  async turn(thread: number, text: string): Promise<Moments> {
    const moments = new Moments();
    this.#heard[thread] = moments;
    const { client, threadIds } = this.#parts;
    await client.dispatch({ type: 'turn.submit', threadId: threadIds[thread] ?? '', text });
    await until(() => moments.turnEnded, WAIT);
    return moments;
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

  #follow(thread: number, threadId: string): void {
    this.#parts.client.subscribeThread(threadId, {
      onEvent: ({ fact }) => {
        const now = performance.now();
        const moments = this.#heard[thread];
        if (moments === undefined) return;
        const isMessage = 'item' in fact && fact.item.body.kind === 'assistant_message';
        if (fact.type === 'item.started' && isMessage) moments.itemStarted = now;
        else if (fact.type === 'item.delta') moments.add(fact.text);
        else if (fact.type === 'item.completed' && isMessage) moments.complete(now, fact.item.text);
        else if (fact.type === 'turn.ended') moments.turnEnded = now;
      },
    });
  }
}

const typeOf = (item: unknown): unknown =>
  typeof item === 'object' && item !== null ? Reflect.get(item, 'type') : undefined;

const textOf = (item: unknown): string =>
  typeof item === 'object' && item !== null ? String(Reflect.get(item, 'text')) : '';
