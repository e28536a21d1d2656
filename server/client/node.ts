/** `threadchart/client` in Node, over `ws`. */
import { WebSocket, type ClientOptions } from 'ws';
import { RuntimeError } from '../../machines/domain/error.ts';
import { Client } from './client.ts';
import type { LinkOptions } from './link.ts';
import { httpUrlOf, socketUrlOf, type OpenSocket, type Socket, type SocketEvents } from './socket.ts';
import { TicketSocket } from './ticket-socket.ts';

export { RuntimeError } from '../../machines/domain/error.ts';
export type { Client, Following, GivenCommand, ShellListener, ShellView, ThreadListener } from './client.ts';
export type { ThreadView } from './thread-view.ts';

export interface NodeOptions extends Omit<LinkOptions, 'openSocket'> {
  /** Of the server, such as `http://127.0.0.1:4747`. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`. Without it, `ticket` is asked for each connection. */
  readonly token?: string;
  readonly ticket?: () => Promise<string>;
}

/** Above the server's 1 MiB. */
const MOST_MESSAGE_BYTES = 2 * 1024 * 1024;

/**
 * Resolves when the connection is open; tries until then.
 * @throws {RuntimeError} UNAUTHORIZED, FORBIDDEN when the server refuses us, CONNECTION_CLOSED when `signal` aborts
 */
export async function connect(options: NodeOptions): Promise<Client> {
  const { url: _, token: _token, ticket: _ticket, ...link } = options;
  const client = new Client({ ...link, openSocket: openerOf(options) });
  await client.whenOpen();
  return client;
}

function openerOf({ url, token = '', ticket }: NodeOptions): OpenSocket {
  if (ticket === undefined) {
    const headers = { authorization: `Bearer ${token}` };
    return (events) => openWs({ address: socketUrlOf(url), headers }, events);
  }
  // tickets are for pages: the server asks where they come from
  const headers = { origin: httpUrlOf(url, '/').origin };
  const open = (address: URL, events: SocketEvents): Socket => openWs({ address, headers }, events);
  return (events) => new TicketSocket({ url, ticket, open }, events);
}

interface Target {
  readonly address: URL;
  readonly headers: NonNullable<ClientOptions['headers']>;
}

function openWs({ address, headers }: Target, events: SocketEvents): Socket {
  const ws = new WebSocket(address, { headers, perMessageDeflate: false, maxPayload: MOST_MESSAGE_BYTES });
  ws.on('open', () => events.onOpen());
  ws.on('message', (data) => events.onMessage(Buffer.isBuffer(data) ? data.toString() : ''));
  ws.on('unexpected-response', (request, { statusCode }) => {
    request.destroy();
    events.onClose({ code: 1006, refusal: refusalOf(statusCode) });
  });
  // a close follows each error
  ws.on('error', () => undefined);
  ws.on('close', (code) => events.onClose({ code, refusal: null }));
  return ws;
}

function refusalOf(status: number | undefined): RuntimeError | null {
  if (status === 401) return new RuntimeError('UNAUTHORIZED', 'no valid token');
  return status === 403 ? new RuntimeError('FORBIDDEN', 'the server does not let us in') : null;
}
