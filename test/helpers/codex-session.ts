import { nanoid } from 'nanoid';
import { spawnChild, type OwnedChild } from '../../adapters/shared/child-process.ts';
import { JsonRpcPeer, type JsonRpcId } from '../../adapters/shared/json-rpc.ts';
import { LineSplitter } from '../../adapters/shared/ndjson.ts';
import type { CodexHome } from './codex-home.ts';

const REQUEST_TIMEOUT_MS = 60_000;

/** Whatever codex said: a notification, or a request with its id. */
export interface Heard {
  readonly id: JsonRpcId | null;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A real codex app-server over stdio, without the adapter: what a test says goes out, what comes in is kept. */
export class CodexSession {
  readonly child: OwnedChild;
  /** Everything heard, in order. */
  readonly heard: Heard[] = [];
  /** Lines that were no message. */
  readonly malformed: string[] = [];
  readonly peer: JsonRpcPeer;
  /** Called with everything that is heard, at once. */
  onHeard: (heard: Heard) => void = () => {};
  readonly #lines = new LineSplitter();

  constructor(child: OwnedChild) {
    this.child = child;
    this.peer = new JsonRpcPeer({
      writeLine: (line) => void child.write(`${line}\n`),
      handlers: {
        notification: (method, params) => this.#hear(null, method, params),
        request: (id, method, params) => this.#hear(id, method, params),
        malformed: (line, reason) => void this.malformed.push(`${reason}: ${line}`),
      },
    });
    child.onStdout((chunk) => {
      for (const line of this.#lines.push(chunk)) if (line.kind === 'line') this.peer.receive(line.text);
    });
    void child.exited.then(() => this.peer.close('codex has exited'));
  }

  /** Asks codex, and takes any object for an answer. */
  async ask<Result>(method: string, params: unknown): Promise<Result> {
    return (await this.peer.request(method, params, { timeoutMs: REQUEST_TIMEOUT_MS })) as Result;
  }

  /** What was heard under this name. */
  all(method: string): Heard[] {
    return this.heard.filter((each) => each.method === method);
  }

  #hear(id: JsonRpcId | null, method: string, params: unknown): void {
    const heard = { id, method, params: params as Heard['params'] };
    this.heard.push(heard);
    this.onHeard(heard);
  }
}

/** Starts codex in its home's workspace and shakes hands. */
export async function startCodexSession(binary: string, home: CodexHome): Promise<CodexSession> {
  const { env, workspace: cwd } = home;
  const child = await spawnChild({ command: binary, args: ['app-server'], cwd, env, marker: nanoid() });
  const session = new CodexSession(child);
  await session.ask('initialize', {
    clientInfo: { name: 'threadchart-test', title: 'Threadchart', version: '0.0.0' },
    capabilities: { experimentalApi: true, requestAttestation: false },
  });
  session.peer.notify('initialized');
  return session;
}
