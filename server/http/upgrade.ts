/** The door of the WebSocket: who may not come in learns it before the gateway knows of it. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { ERRORS, RuntimeError } from '../../machines/domain/error.ts';
import { CLOSE_CODES, closeCodeOf } from '../gateway/close-codes.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { Principal } from '../gateway/scope.ts';
import { authorizeUpgrade, type Doors } from './authorize.ts';
import { originOf, urlOf, type Guard } from './guard.ts';
import { STATUS_CODES } from './node-http.ts';
import { errorAnswer } from './respond.ts';

export const SOCKET_PATH = '/ws';

/** Closes with our codes where `ws` chooses one. */
class CodedSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    super.close(closeCodeOf(code), reason);
  }
}

export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/**
 * `Host`, `Origin`, path and room are refused with an HTTP status. A missing or wrong token or ticket is a 401 for
 * clients without an `Origin`; pages see no status of a failed upgrade, so theirs is accepted and closed with 4401.
 */
export class Upgrade {
  readonly #gateway: Gateway;
  readonly #doors: Doors;
  readonly #server: WebSocketServer;

  constructor(gateway: Gateway, doors: Doors) {
    this.#gateway = gateway;
    this.#doors = doors;
    const options = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: gateway.limits.inboundMessageBytes,
      maxFragments: gateway.limits.inboundPieceCount,
      maxBufferedChunks: gateway.limits.inboundPieceCount,
      closeTimeout: gateway.limits.closeTimeoutMs,
      WebSocket: CodedSocket,
    };
    this.#server = new WebSocketServer(options);
  }

  handle(upgrade: UpgradeRequest, guard: Guard): void {
    const { request, socket } = upgrade;
    socket.on('error', ignore);
    try {
      const principal = this.#admit(request, guard);
      this.#accept(upgrade, (ws) => this.#gateway.accept(ws, socket, principal));
    } catch (error) {
      const isPage = originOf(request) !== null;
      const isUnknown = error instanceof RuntimeError && error.code === 'UNAUTHORIZED';
      if (isPage && isUnknown) this.#accept(upgrade, closeUnauthorized);
      else refuse(socket, error);
    }
  }

  #admit(request: IncomingMessage, guard: Guard): Principal {
    guard.check(request);
    const url = urlOf(request);
    if (url.pathname !== SOCKET_PATH) throw new RuntimeError('NOT_FOUND', 'the socket is at /ws');
    if (!this.#gateway.hasRoom) throw new RuntimeError('SHUTTING_DOWN', 'too many sockets');
    return authorizeUpgrade(request, url, this.#doors);
  }

  #accept({ request, socket, head }: UpgradeRequest, welcome: (ws: WebSocket) => void): void {
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      socket.off('error', ignore);
      welcome(ws);
    });
  }
}

// a socket that breaks while it is being refused has nobody to tell
const ignore = (): void => undefined;

function closeUnauthorized(ws: WebSocket): void {
  ws.on('error', ignore);
  ws.close(CLOSE_CODES.unauthorized, 'no valid token or ticket');
}

function refuse(socket: Duplex, error: unknown): void {
  const { status, contentType, body } = errorAnswer(error);
  const text = typeof body === 'string' ? body : '';
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `content-type: ${contentType}`,
    `content-length: ${Buffer.byteLength(text)}`,
    ...(status === ERRORS.UNAUTHORIZED.httpStatus ? ['www-authenticate: Bearer'] : []),
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}
