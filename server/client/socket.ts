/** What the client needs of a WebSocket, so that it runs in Node and in browsers. */
import type { RuntimeError } from '../../machines/domain/error.ts';

export interface Socket {
  send(text: string): void;
  close(): void;
}

export interface SocketEvents {
  onOpen(): void;
  onMessage(text: string): void;
  /** Once, also for a socket that never opened. `refusal`: trying again is of no use. */
  onClose(end: SocketEnd): void;
}

export interface SocketEnd {
  /** 1006 where the connection broke. */
  readonly code: number;
  readonly refusal: RuntimeError | null;
}

/** Begins to connect. Every call gets a credential of its own. */
export type OpenSocket = (events: SocketEvents) => Socket;

/** `http://host:port`, `ws://host:port` or the whole address of the socket. */
export function socketUrlOf(url: string): URL {
  const address = new URL(url);
  address.protocol = address.protocol.replace('http', 'ws');
  if (address.pathname === '/') address.pathname = '/ws';
  return address;
}

/** The HTTP side of the same server. */
export function httpUrlOf(url: string, path: string): URL {
  const address = new URL(path, url);
  address.protocol = address.protocol.replace('ws', 'http');
  return address;
}
