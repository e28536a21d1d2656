/** `/mcp`: where an agent reaches the runtime with the key of its connection, and with nothing else. */
import type { IncomingMessage } from 'node:http';
import type { McpHttpHandler } from '@modelcontextprotocol/server';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { ConnectionId } from '../../machines/domain/ids.ts';
import { TokenBucket } from '../gateway/token-bucket.ts';
import { bearerOf } from '../http/authorize.ts';
import { refuseOrigin } from '../http/guard.ts';
import type { Answer } from '../http/respond.ts';
import type { AgentKeys, AgentPrincipal } from '../runtime/agent-keys.ts';
import type { ToolParts } from './tool.ts';

export const MCP_LIMITS = {
  bodyBytes: 1024 * 1024,
  /** Of one connection. */
  ratePerSecond: 20,
  burstCount: 100,
  /** Calls of one connection at a time; most of them wait. */
  callCount: 16,
} as const;

export interface DoorParts extends ToolParts {
  readonly keys: Pick<AgentKeys, 'authenticate'>;
  /** Monotonic, in ms. */
  readonly now: () => number;
}

/** What is known of one connection's calls. */
interface Caller {
  readonly bucket: TokenBucket;
  callCount: number;
}

export class McpDoor {
  readonly #parts: DoorParts;
  /** `null`: no agent has called yet. */
  #handler: Promise<McpHttpHandler> | null = null;
  readonly #callers = new Map<ConnectionId, Caller>();

  constructor(parts: DoorParts) {
    this.#parts = parts;
  }

  /** @throws {RuntimeError} FORBIDDEN, UNAUTHORIZED, RATE_LIMITED, PAYLOAD_TOO_LARGE */
  async answer(request: IncomingMessage): Promise<Answer> {
    // agents are no pages
    refuseOrigin(request);
    const principal = this.#parts.keys.authenticate(bearerOf(request) ?? '');
    if (principal === null) throw new RuntimeError('UNAUTHORIZED', 'no key of an agent that is connected');
    const caller = this.#callerOf(principal);
    if (caller.bucket.take() !== 'taken' || caller.callCount >= MCP_LIMITS.callCount) {
      throw new RuntimeError('RATE_LIMITED', 'the agent calls too often');
    }
    caller.callCount += 1;
    try {
      return await this.#serve(request, principal);
    } finally {
      caller.callCount -= 1;
    }
  }

  async #serve(request: IncomingMessage, principal: AgentPrincipal): Promise<Answer> {
    const body = request.method === 'POST' ? await bodyOf(request) : null;
    const leaving = new AbortController();
    const leave = (): void => leaving.abort();
    request.socket.once('close', leave);
    try {
      const asked = new Request(new URL('http://threadchart/mcp'), {
        method: request.method ?? 'GET',
        headers: headersOf(request),
        body,
        signal: leaving.signal,
      });
      const authInfo = { token: '', clientId: principal.threadId, scopes: [], extra: { ...principal } };
      this.#handler ??= loadHandler(this.#parts);
      const handler = await this.#handler;
      return await answerOf(await handler.fetch(asked, { authInfo }));
    } finally {
      request.socket.removeListener('close', leave);
    }
  }

  /** A thread has one connection at a time: what its last one did does not count any more. */
  #callerOf({ connectionId }: AgentPrincipal): Caller {
    const known = this.#callers.get(connectionId);
    if (known !== undefined) return known;
    const { ratePerSecond, burstCount } = MCP_LIMITS;
    const bucket = new TokenBucket({ ratePerSecond, burstCount, now: this.#parts.now });
    const caller = { bucket, callCount: 0 };
    this.#callers.set(connectionId, caller);
    if (this.#callers.size > MOST_CALLERS_COUNT) this.#forgetOldest();
    return caller;
  }

  #forgetOldest(): void {
    const idle = this.#callers.entries().find(([, { callCount }]) => callCount === 0);
    if (idle !== undefined) this.#callers.delete(idle[0]);
  }
}

const MOST_CALLERS_COUNT = 4096;

/** With the first call: the protocol takes some MiB, and most servers have no agent that speaks it most of the time. */
async function loadHandler(parts: ToolParts): Promise<McpHttpHandler> {
  const { makeHandler } = await import('./tool-server.ts');
  return makeHandler(parts, MCP_LIMITS.bodyBytes);
}

/** What the protocol goes by; nothing else of the request is handed on. */
const HEADERS = [
  'accept',
  'content-type',
  'mcp-protocol-version',
  'mcp-session-id',
  'mcp-method',
  'mcp-name',
];

function headersOf({ headers }: IncomingMessage): Headers {
  const kept = new Headers();
  for (const name of HEADERS) {
    const value = headers[name];
    if (typeof value === 'string') kept.set(name, value);
  }
  return kept;
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const piece = Buffer.from(chunk);
    sizeBytes += piece.byteLength;
    if (sizeBytes > MCP_LIMITS.bodyBytes) {
      throw new RuntimeError('PAYLOAD_TOO_LARGE', 'a call has at most 1 MiB', {
        details: { mostBytes: MCP_LIMITS.bodyBytes },
      });
    }
    pieces.push(piece);
  }
  return new Uint8Array(Buffer.concat(pieces));
}

async function answerOf(response: Response): Promise<Answer> {
  const { status, headers } = response;
  const allow = headers.get('allow');
  return {
    status,
    contentType: headers.get('content-type') ?? 'application/json; charset=utf-8',
    body: await response.text(),
    ...(allow !== null && { headers: { allow } }),
  };
}
