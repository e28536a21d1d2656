import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';

// an import would read every export, and with them load the half of node that fetches: 7 MB, a tenth of the start
const { request } = process.getBuiltinModule('node:http');

/** Where a server listens, and how it knows us. */
export interface HttpPlace {
  readonly host: string;
  readonly port: number;
  readonly authorization: string;
}

const POLL_MS = 50;
/** opencode 1.18.33 takes connections before it answers them, and never answers the first of them. */
const POLL_TIMEOUT_MS = 1_000;
/** 1.0.61 to 1.0.185 look for what they do not know on the web: their answers are some page, or an error. */
const MOST_OTHERS = 40;

const callSchema = z.object({
  id: z.union([z.number(), z.string()]),
  method: z.string(),
  params: z
    .object({
      path: z.record(z.string(), z.string()).default({}),
      query: z.record(z.string(), z.string()).default({}),
      body: z.unknown().optional(),
    })
    .prefault({}),
});
type Call = z.infer<typeof callSchema>;

/** Nobody has answered. */
const NO_ANSWER = 0;

/** One request at a time to a place; each has a connection of its own: an idle one may be closed at any moment. */
export class HttpCalls {
  readonly #place: HttpPlace;

  constructor(place: HttpPlace) {
    this.#place = place;
  }

  /** Makes the request that a line asks for; the line that answers it. Never rejects. */
  async answer(line: string): Promise<string> {
    const call = callSchema.parse(JSON.parse(line));
    try {
      return await this.#answerTo(call);
    } catch (error) {
      // a prompt carries ids of its own: one that had arrived is not taken twice
      const again = call.method.endsWith('/prompt_async')
        ? await this.#answerTo(call).catch(() => null)
        : null;
      const message = error instanceof Error ? error.message : String(error);
      return again ?? JSON.stringify({ id: call.id, error: { code: NO_ANSWER, message } });
    }
  }

  /**
   * Resolves when the server answers, or as soon as nobody waits for that. `false`: it is one of those before 1.1 that tell
   * neither their version nor, in one stream, what happens in all folders, and cannot be driven.
   */
  async untilReady(isOver: () => boolean): Promise<boolean> {
    for (let others = 0; !isOver() && others < MOST_OTHERS;) {
      const answer = await this.get('/global/health', POLL_TIMEOUT_MS).catch(() => null);
      if (answer !== null) {
        answer.resume();
        if (answer.statusCode === 200 && isJson(answer)) return true;
        others += answer.statusCode === 404 ? MOST_OTHERS : 1;
      }
      await wait(POLL_MS);
    }
    return isOver();
  }

  async get(path: string, timeoutMs: number): Promise<IncomingMessage> {
    return this.#send({ method: 'GET', path, timeoutMs });
  }

  async #answerTo({ id, method, params }: Call): Promise<string> {
    const [verb = 'GET', template = '/'] = method.split(' ');
    const path = template.replace(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(params.path[name] ?? ''),
    );
    const query = new URLSearchParams(params.query).toString();
    const body = params.body === undefined ? null : JSON.stringify(params.body);
    const response = await this.#send({ method: verb, path: query === '' ? path : `${path}?${query}`, body });
    const content = await readText(response);
    return JSON.stringify({ id, ...outcomeOf(response, content) });
  }

  async #send(asked: {
    readonly method: string;
    readonly path: string;
    readonly body?: string | null;
    readonly timeoutMs?: number;
  }): Promise<IncomingMessage> {
    const { method, path, body = null, timeoutMs } = asked;
    const { host, port, authorization } = this.#place;
    const headers = { authorization, ...(body === null ? {} : { 'content-type': 'application/json' }) };
    const sent = request({ host, port, method, path, headers, agent: false });
    const timer =
      timeoutMs === undefined ? null : setTimeout(() => sent.destroy(new Error('timed out')), timeoutMs);
    try {
      sent.end(body ?? undefined);
      const [response]: IncomingMessage[] = await once(sent, 'response');
      if (response === undefined) throw new Error('there was no response');
      return response;
    } finally {
      if (timer !== null) clearTimeout(timer);
    }
  }
}

const isJson = ({ headers }: IncomingMessage): boolean =>
  headers['content-type']?.startsWith('application/json') ?? false;

type Outcome = { readonly result: unknown } | { readonly error: object };

function outcomeOf(response: IncomingMessage, content: string): Outcome {
  const status = response.statusCode ?? NO_ANSWER;
  const isGood = status >= 200 && status < 300;
  if (isGood && content === '') return { result: null };
  // a path that opencode does not know is answered with its web page
  if (isGood && !isJson(response)) return { error: { code: 404, message: 'there is no such route' } };
  const body = isJson(response) ? jsonIn(content) : null;
  return isGood
    ? { result: body }
    : { error: { code: status, message: messageIn(body) ?? `HTTP ${status}`, data: body } };
}

function jsonIn(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return null;
  }
}

const errorSchema = z.union([
  z
    .object({ name: z.string(), data: z.object({ message: z.string() }) })
    .transform(({ data }) => data.message),
  z.object({ _tag: z.string(), message: z.string() }).transform(({ message }) => message),
  z.object({ name: z.string() }).transform(({ name }) => name),
  z.object({ _tag: z.string() }).transform(({ _tag: tag }) => tag),
]);

/** opencode 1.18.33 has two forms of errors. */
const messageIn = (body: unknown): string | null => errorSchema.safeParse(body).data ?? null;

/** A port that nobody listens on now. */
export async function freePort(host: string): Promise<number> {
  const server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('there is no free port');
  return address.port;
}
