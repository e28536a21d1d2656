/** The HTTP server: health, metrics, documents, tickets, attachments, and the way to the WebSocket. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { RuntimeError } from '../../machines/domain/error.ts';
import { Gateway, type GatewayOptions } from '../gateway/gateway.ts';
import type { GatewayLog } from '../gateway/socket.ts';
import type { Runtime } from '../runtime/api.ts';
import { Attachments } from './attachments.ts';
import type { Doors } from './authorize.ts';
import type { ReadFrame } from './entries.ts';
import { Guard, urlOf, type GuardOptions } from './guard.ts';
import { addressToListenOn, hostInUrl } from './listen-address.ts';
import { Metrics } from './metrics.ts';
import { createServer } from './node-http.ts';
import type { RecordingStyle } from './recording.ts';
import { errorAnswer, respond, type Answer } from './respond.ts';
import { routesOf, type Route, type Routes } from './routes.ts';
import { SIGN_IN_TTL_MS, Tickets } from './tickets.ts';
import { FILE_PRINCIPAL, Tokens } from './tokens.ts';
import { Upgrade } from './upgrade.ts';

/** Of the HTTP server, ms. A body may take as long as an upload of 10 MiB over a slow line. */
export const HTTP_TIMEOUTS = Object.freeze({
  requestTimeout: 60_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
});

const MOST_HEADER_BYTES = 16 * 1024;
/** Node 24.21 answers 431 to more; before it, the rest was cut off, a `Host` or `Origin` perhaps among it. */
const MOST_HEADERS_COUNT = 64;
/** Connections beside the sockets; more are closed as they come. */
const OTHER_CONNECTIONS_COUNT = 200;

export interface HttpOptions extends GuardOptions, Omit<GatewayOptions, 'isCurrent'> {
  readonly runtime: Runtime;
  /** Holds `token`, `tokens.json` and `attachments/`. */
  readonly dataFolder: string;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 4747; 0: any free one. */
  readonly port?: number;
  /** Gives back a frame of the protocol logs; default: there are none. */
  readonly readFrame?: ReadFrame;
  /** How a thread is given out as a recording; default: none is. */
  readonly recordings?: RecordingStyle;
  /** Answers agents at `/mcp`; default: nobody does. */
  readonly agents?: Route;
  /** `host` may be beyond loopback. Default: it may not. */
  readonly allowInsecure?: boolean;
  /**
   * What no route knows, such as the console's files; `null`: 404. Called for GET after the guard, with the encodings
   * that are accepted, as a browser says them.
   */
  readonly fallback?: (path: string, accepted: string) => Answer | null | Promise<Answer | null>;
}

export interface HttpServer {
  /** `http://<host>:<port>`. */
  readonly url: string;
  readonly port: number;
  readonly tokenFile: string;
  readonly gateway: Gateway;
  /** Opens the console, once and within 15 minutes; the code stands where no server, proxy or log sees it. */
  signInUrl(): string;
  /** Ends sockets with 1001, then resolves when no connection is left; those that stay are cut after 2 s. */
  close(): Promise<void>;
}

const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 4747;

/**
 * Resolves when the server listens; rejects with the error of `listen`, such as `EADDRINUSE`.
 * @throws {RuntimeError} INVALID_PARAMS for a host beyond loopback without `allowInsecure`
 */
export async function startHttpServer(options: HttpOptions): Promise<HttpServer> {
  const now = options.now ?? (() => performance.now());
  const doors: Doors = {
    tokens: new Tokens(options.dataFolder),
    tickets: new Tickets(now),
    codes: new Tickets(now, SIGN_IN_TTL_MS),
  };
  const isCurrent: GatewayOptions['isCurrent'] = (principal) => doors.tokens.isCurrent(principal);
  const gateway = new Gateway(options.runtime, { ...options, isCurrent });
  const metrics = new Metrics(options.runtime, gateway);
  const server = createServer({
    ...HTTP_TIMEOUTS,
    headersTimeout: gateway.limits.handshakeTimeoutMs,
    maxHeaderSize: MOST_HEADER_BYTES,
  });
  const sockets = socketsOf(server);
  server.maxHeadersCount = MOST_HEADERS_COUNT;
  server.maxConnections = gateway.limits.socketCount + OTHER_CONNECTIONS_COUNT;
  const { url, port } = await listen(server, options);
  const guard = new Guard(port, options);
  const attachments = new Attachments(options.dataFolder);
  const routes = routesOf({
    runtime: options.runtime,
    doors,
    metrics,
    attachments,
    dataFolder: options.dataFolder,
    readFrame: options.readFrame ?? (() => Promise.resolve(null)),
    recordings: options.recordings ?? null,
    agents: options.agents ?? null,
  });
  const upgrade = new Upgrade(gateway, doors);
  server.on('request', (request, response) => {
    void answer({ request, response }, { guard, routes, fallback: options.fallback, log: gateway.log });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    upgrade.handle({ request, socket, head }, guard);
  });
  const close = async (): Promise<void> => {
    metrics.close();
    gateway.close();
    await closeServer(server, sockets, gateway.limits.closeTimeoutMs);
  };
  const signInUrl = (): string => `${url}/#code=${doors.codes.issue(FILE_PRINCIPAL)}`;
  return { url, port, tokenFile: doors.tokens.tokenFile, gateway, signInUrl, close };
}

async function listen(
  server: Server,
  { host = DEFAULT_HOST, port = DEFAULT_PORT, allowInsecure = false }: HttpOptions,
): Promise<{ url: string; port: number }> {
  const address = await addressToListenOn(host, { allowInsecure });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port }, resolve);
  });
  const bound = portOf(server.address());
  return { url: `http://${hostInUrl(host)}:${bound}`, port: bound };
}

const portOf = (address: AddressInfo | string | null): number =>
  typeof address === 'object' && address !== null ? address.port : 0;

/** Node forgets a socket that was upgraded: one that comes as the server closes would keep it open for ever. */
function socketsOf(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

async function closeServer(server: Server, sockets: ReadonlySet<Socket>, patienceMs: number): Promise<void> {
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, patienceMs);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(timer);
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Way {
  readonly guard: Guard;
  readonly routes: Routes;
  readonly fallback: HttpOptions['fallback'] | undefined;
  readonly log: GatewayLog;
}

/** Never rejects. */
async function answer({ request, response }: Exchange, way: Way): Promise<void> {
  try {
    way.guard.check(request);
    await respond(response, await route(request, way));
  } catch (error) {
    // a client that went away in the middle has nobody to be told
    if (response.destroyed || request.socket.destroyed) return;
    if (!(error instanceof RuntimeError)) way.log.warn({ err: error }, 'a request failed');
    // whoever reads a part of an answer sees that it is torn
    if (response.headersSent) response.destroy();
    else await respond(response, errorAnswer(error));
  }
}

async function route(request: IncomingMessage, { routes, fallback }: Way): Promise<Answer> {
  const { pathname } = urlOf(request);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const known = routes[`${method} ${pathname}`];
  if (known !== undefined) return known(request);
  const accepted = String(request.headers['accept-encoding'] ?? '');
  const found = method === 'GET' ? await fallback?.(pathname, accepted) : null;
  if (found) return found;
  throw new RuntimeError('NOT_FOUND', `nothing at ${method} ${pathname.slice(0, 200)}`);
}
