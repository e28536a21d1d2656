/** A socket as a program in any language would have it: texts in, texts out. */
import { onTestFinished } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import type { ShellFrame, ThreadFrame } from '../../server/gateway/frame.ts';
import { METHODS, type MethodName, type ResultOf } from '../../server/gateway/protocol.ts';
import { until } from './until.ts';

export interface RawOptions extends ClientOptions {
  readonly token?: string;
  readonly query?: string;
  /** Resolve before the socket is open, or closed. */
  readonly isEarly?: boolean;
}

export interface RawAnswer {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: {
    code: number;
    message: string;
    data: { code: string; details: Record<string, unknown> };
  };
}

export interface RawMessage extends RawAnswer {
  readonly method?: string;
  readonly params?: { subscriptionId: string; after: number; frames: (ThreadFrame | ShellFrame)[] };
  readonly sizeBytes: number;
}

export class RawClient {
  readonly ws: WebSocket;
  readonly messages: RawMessage[] = [];
  closed: { code: number; reason: string } | null = null;
  /** Of the HTTP answer to a refused upgrade. */
  refusedStatus: number | null = null;
  #id = 0;

  constructor(url: string, { token, query = '', isEarly: _, headers, ...options }: RawOptions) {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const address = `${url.replace('http', 'ws')}/ws${query}`;
    this.ws = new WebSocket(address, { ...options, headers: { ...authorization, ...headers } });
    this.ws.on('message', (data) => {
      const text = String(data as Buffer);
      this.messages.push({ ...(JSON.parse(text) as RawAnswer), sizeBytes: Buffer.byteLength(text) });
    });
    this.ws.on('unexpected-response', (request, response) => {
      this.refusedStatus = response.statusCode ?? 0;
      request.destroy();
    });
    this.ws.on('error', () => undefined);
    this.ws.on('close', (code, reason) => (this.closed = { code, reason: String(reason) }));
    onTestFinished(() => this.ws.terminate());
  }

  static async open(url: string, options: RawOptions = {}): Promise<RawClient> {
    const client = new RawClient(url, options);
    if (options.isEarly !== true) await client.settled();
    return client;
  }

  /** Open, refused or closed. */
  async settled(): Promise<void> {
    await until(() => this.ws.readyState === WebSocket.OPEN || this.refusedStatus !== null || this.closed);
  }

  send(text: string): void {
    this.ws.send(text);
  }

  /** The whole answer, errors too. */
  async ask(method: string, params?: unknown): Promise<RawAnswer> {
    this.#id += 1;
    const id = this.#id;
    this.send(JSON.stringify({ jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) }));
    return until(() => this.messages.find((message) => message.id === id && message.method === undefined), {
      describe: () => `an answer to ${method}; closed: ${JSON.stringify(this.closed)}`,
    });
  }

  /** The result, checked against the schema that the protocol publishes. */
  async result<M extends MethodName>(method: M, params?: unknown): Promise<ResultOf<M>> {
    const { result, error } = await this.ask(method, params);
    if (error !== undefined) throw new Error(`${method}: ${error.data.code} ${error.message}`);
    METHODS[method].result.parse(result);
    return result as ResultOf<M>;
  }

  async errorCode(method: string, params?: unknown): Promise<string | undefined> {
    return (await this.ask(method, params)).error?.data.code;
  }

  async subscribe(params: Record<string, unknown>): Promise<string> {
    const method = 'threadId' in params ? 'orchestration.subscribeThread' : 'orchestration.subscribeShell';
    return (await this.result(method, params)).subscriptionId;
  }

  notifications(subscriptionId: string): RawMessage[] {
    return this.messages.filter((message) => message.params?.subscriptionId === subscriptionId);
  }

  frames(subscriptionId: string): ThreadFrame[] {
    return this.notifications(subscriptionId).flatMap((each) => (each.params?.frames ?? []) as ThreadFrame[]);
  }

  shellFrames(subscriptionId: string): ShellFrame[] {
    return this.notifications(subscriptionId).flatMap((each) => (each.params?.frames ?? []) as ShellFrame[]);
  }

  async framesUntil(
    subscriptionId: string,
    isThere: (frames: ThreadFrame[]) => boolean,
  ): Promise<ThreadFrame[]> {
    await until(() => isThere(this.frames(subscriptionId)), {
      describe: () =>
        `frames of ${subscriptionId}; seen ${this.frames(subscriptionId)
          .map((frame) => frame.kind)
          .slice(-20)
          .join()}, closed ${JSON.stringify(this.closed)}`,
    });
    return this.frames(subscriptionId);
  }

  async synchronized(subscriptionId: string): Promise<ThreadFrame[]> {
    return this.framesUntil(subscriptionId, (frames) => frames.some(({ kind }) => kind === 'synchronized'));
  }

  async whenClosed(): Promise<{ code: number; reason: string }> {
    return until(() => this.closed, { describe: 'the socket is closed' });
  }
}
