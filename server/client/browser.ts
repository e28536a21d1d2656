/** `threadchart/client` in a browser: a ticket for each connection, since pages can send no header with a WebSocket. */
import { Client } from './client.ts';
import type { LinkOptions } from './link.ts';
import type { Socket, SocketEvents } from './socket.ts';
import { fetchTicket, TicketSocket } from './ticket-socket.ts';

export { RuntimeError } from '../../machines/domain/error.ts';
export type { Client, Following, GivenCommand, ShellListener, ShellView, ThreadListener } from './client.ts';
export type { ThreadView } from './thread-view.ts';

export interface BrowserOptions extends Omit<LinkOptions, 'openSocket'> {
  /** Of the server that the page came from: no other one lets it in. */
  readonly url: string;
  /** Exchanged for tickets. */
  readonly token?: string;
  /** Gets a ticket in another way. */
  readonly ticket?: () => Promise<string>;
}

/**
 * Resolves when the connection is open; tries until then.
 * @throws {RuntimeError} UNAUTHORIZED, FORBIDDEN when the server refuses us, CONNECTION_CLOSED when `signal` aborts
 */
export async function connect(options: BrowserOptions): Promise<Client> {
  const { url, token = '', ticket = () => fetchTicket(url, token), ...link } = options;
  const source = { url, ticket, open: openGlobal };
  const client = new Client({ ...link, openSocket: (events) => new TicketSocket(source, events) });
  await client.whenOpen();
  return client;
}

function openGlobal(address: URL, events: SocketEvents): Socket {
  const socket = new WebSocket(address);
  socket.addEventListener('open', () => events.onOpen());
  socket.addEventListener('message', ({ data }) => events.onMessage(String(data)));
  socket.addEventListener('close', ({ code }) => events.onClose({ code, refusal: null }));
  return socket;
}
