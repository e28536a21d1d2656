/** A socket whose address is known only when its ticket is there. */
import { RuntimeError } from '../../machines/domain/error.ts';
import { httpUrlOf, socketUrlOf, type Socket, type SocketEvents } from './socket.ts';

export interface TicketSource {
  readonly url: string;
  /** A fresh one for each connection: a ticket is used up by it. */
  readonly ticket: () => Promise<string>;
  readonly open: (address: URL, events: SocketEvents) => Socket;
}

export class TicketSocket implements Socket {
  readonly #events: SocketEvents;
  #socket: Socket | null = null;
  #isClosed = false;

  constructor(source: TicketSource, events: SocketEvents) {
    this.#events = events;
    source.ticket().then(
      (ticket) => this.#open(source, ticket),
      (error: unknown) => this.#fail(error),
    );
  }

  send(text: string): void {
    this.#socket?.send(text);
  }

  close(): void {
    this.#isClosed = true;
    this.#socket?.close();
  }

  #open({ url, open }: TicketSource, ticket: string): void {
    if (this.#isClosed) return this.#fail(null);
    const address = socketUrlOf(url);
    address.searchParams.set('ticket', ticket);
    this.#socket = open(address, this.#events);
  }

  #fail(error: unknown): void {
    const refusal = error instanceof RuntimeError ? error : null;
    this.#events.onClose({ code: 1006, refusal });
  }
}

/** @throws {RuntimeError} UNAUTHORIZED when the server does not know the token */
export async function fetchTicket(url: string, token: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  // no server but the one that was named is shown the token
  const response = await fetch(httpUrlOf(url, '/api/ticket'), { method: 'POST', headers, redirect: 'error' });
  if (response.status === 401) throw new RuntimeError('UNAUTHORIZED', 'no valid token');
  const { ticket = '' }: { ticket?: string } = JSON.parse(await response.text());
  return ticket;
}
