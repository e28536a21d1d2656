/** One-time tickets for browsers, which can send no `Authorization` with a WebSocket. In memory only. */
import { RuntimeError } from '../../machines/domain/error.ts';
import type { Principal } from '../gateway/scope.ts';
import { makeSecret, sha256 } from './tokens.ts';

export const TICKET_TTL_MS = 30_000;
const MOST_COUNT = 1_000;

interface Ticket {
  readonly principal: Principal;
  readonly expiresAt: number;
}

export class Tickets {
  readonly #now: () => number;
  /** By the hash of the ticket, oldest first. */
  readonly #open = new Map<string, Ticket>();

  /** `now`: monotonic, in ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** For 30 s, with the scopes of the token. @throws {RuntimeError} RATE_LIMITED when 1,000 are open */
  issue(principal: Principal): string {
    this.#expire();
    if (this.#open.size >= MOST_COUNT) throw new RuntimeError('RATE_LIMITED', 'too many open tickets');
    const ticket = makeSecret();
    this.#open.set(keyOf(ticket), { principal, expiresAt: this.#now() + TICKET_TTL_MS });
    return ticket;
  }

  /** Uses the ticket up. `null`: unknown, used or expired. */
  redeem(ticket: string): Principal | null {
    this.#expire();
    const found = this.#open.get(keyOf(ticket)) ?? null;
    this.#open.delete(keyOf(ticket));
    return found?.principal ?? null;
  }

  #expire(): void {
    for (const [key, { expiresAt }] of this.#open) {
      if (expiresAt > this.#now()) return;
      this.#open.delete(key);
    }
  }
}

const keyOf = (ticket: string): string => sha256(ticket).toString('hex');
