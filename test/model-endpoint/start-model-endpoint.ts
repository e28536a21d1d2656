import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { CHAT } from './chat-events.ts';
import type { Dialect } from './dialect.ts';
import { Gates, type Gate } from './gate.ts';
import { GENERATE } from './generate-events.ts';
import { MESSAGES } from './message-events.ts';
import { parseChat } from './parse-chat.ts';
import { parseGenerate } from './parse-generate.ts';
import { isProbe, parseMessages, PROBE_ANSWER } from './parse-messages.ts';
import { parseRequest, type ParsedRequest } from './parse-request.ts';
import { ReplyStream } from './reply-stream.ts';
import { RESPONSES } from './response-events.ts';
import type { Script } from './script.ts';
import type { StreamEvent } from './step.ts';

const HOST = '127.0.0.1';

interface Route {
  readonly dialect: Dialect;
  readonly parse: typeof parseRequest;
}
const ROUTES: ReadonlyMap<string, Route> = new Map([
  ['POST /v1/responses', { dialect: RESPONSES, parse: parseRequest }],
  ['POST /v1/messages', { dialect: MESSAGES, parse: parseMessages }],
  ['POST /v1/chat/completions', { dialect: CHAT, parse: parseChat }],
]);
/** Gemini's model stands in the path. */
const GENERATE_PATH = /^POST \/v1beta\/models\/(?<model>[^/:]+):streamGenerateContent$/;
const GENERATE_ROUTE: Route = { dialect: GENERATE, parse: parseGenerate };
const COUNT_TOKENS = 'POST /v1/messages/count_tokens';

/**
 * Starts a model endpoint on a free port of the loopback interface. It speaks as much of the OpenAI Responses API
 * (`POST /v1/responses`), of its Chat Completions API (`POST /v1/chat/completions`), of the Anthropic Messages API
 * (`POST /v1/messages`) and of Gemini's `streamGenerateContent`, all streamed, as an agent needs, and replies as the
 * script says.
 */
export async function startModelEndpoint(script: Script): Promise<ModelEndpoint> {
  const endpoint = new ModelEndpoint(script);
  await endpoint.listen();
  return endpoint;
}

/** A model that does what a script says and remembers what it was asked. */
export class ModelEndpoint {
  /** Everything the model was asked, in order of arrival. */
  readonly requests: ParsedRequest[] = [];
  /** What went wrong on the endpoint's side: script errors, malformed requests, unknown routes. A test expects []. */
  readonly errors: Error[] = [];
  /** Called with each event of a reply as it is sent. */
  onSent: (request: ParsedRequest, event: StreamEvent) => void = () => {};
  readonly #script: Script;
  readonly #server: Server;
  readonly #gates = new Gates();
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #idCount = 0;
  #openStreamCount = 0;

  constructor(script: Script) {
    this.#script = script;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async listen(): Promise<void> {
    this.#server.listen(0, HOST);
    await once(this.#server, 'listening');
  }

  /** The base URL for a provider's configuration, ending in `/v1`. */
  get url(): string {
    return `${this.origin}/v1`;
  }

  /** The base URL for providers that add `/v1` by themselves. */
  get origin(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string')
      throw new Error('the model endpoint is not listening');
    return `http://${HOST}:${address.port}`;
  }

  /** Requests whose reply has not ended. */
  get openStreamCount(): number {
    return this.#openStreamCount;
  }

  gate(name: string): Gate {
    return this.#gates.get(name);
  }

  /** Opens every gate, also those to come. */
  releaseAll(): void {
    this.#gates.releaseAll();
  }

  /** Resolves when the condition holds; it is looked at now and whenever a request comes or a reply ends. */
  async until(condition: (endpoint: ModelEndpoint) => boolean): Promise<void> {
    while (!condition(this)) await once(this.#changes, 'change');
  }

  /** Breaks off open replies and frees the port. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#openStreamCount += 1;
    response.once('close', () => {
      this.#openStreamCount -= 1;
      this.#changes.emit('change');
    });
    try {
      await this.#reply(request, response);
    } catch (error) {
      if (!response.destroyed)
        this.#refuse(response, error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = `${request.method} ${request.url?.replace(/\?.*$/, '')}`;
    if (name === 'HEAD /') return void response.end();
    const body = await readText(request);
    if (name === COUNT_TOKENS) return void response.end(JSON.stringify({ input_tokens: body.length }));
    const route = ROUTES.get(name) ?? (GENERATE_PATH.test(name) ? GENERATE_ROUTE : undefined);
    if (route === undefined) throw new Error(`unexpected request ${name}`);
    const read = route.parse(body, request.headers, this.requests.length);
    const { model = read.model } = GENERATE_PATH.exec(name)?.groups ?? {};
    const parsed = { ...read, model };
    // a client that only looks whether there is such a model is not told of
    if (isProbe(parsed)) return void response.end(JSON.stringify(PROBE_ANSWER));
    this.requests.push(parsed);
    this.#changes.emit('change');
    const makeId = (prefix: string): string => `${prefix}_${(this.#idCount += 1)}`;
    const reply = new ReplyStream(response, {
      gates: this.#gates,
      makeId,
      dialect: route.dialect,
      onSent: (event: StreamEvent) => this.onSent(parsed, event),
    });
    await reply.play(this.#script(parsed));
  }

  #refuse(response: ServerResponse, error: Error): void {
    this.errors.push(error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ error: { message: error.message, type: 'invalid_request_error', code: null } }),
    );
  }
}
