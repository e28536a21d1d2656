/**
 * One-time words for browsers, in memory only: tickets, because they can send no `Authorization` with a WebSocket, and the
 * codes of links by which a person signs in.
 */
import { RuntimeError } from '../../machines/domain/error.ts';
import type { Principal } from '../gateway/scope.ts';
import { makeSecret, sha256 } from './tokens.ts';

export const TICKET_TTL_MS = 30_000;
/** Of the code in a link that opens the console. */
export const SIGN_IN_TTL_MS = 15 * 60_000;
const MOST_COUNT = 1_000;

interface Ticket {
  readonly principal: Principal;
  readonly expiresAt: number;
}

export class Tickets {
  readonly #now: () => number;
  readonly #ttlMs: number;
  /** By the hash of the ticket, oldest first. */
  readonly #open = new Map<string, Ticket>();

  /** `now`: monotonic, in ms. */
  constructor(now: () => number, ttlMs = TICKET_TTL_MS) {
    this.#now = now;
    this.#ttlMs = ttlMs;
  }

  /** For its time, with the scopes of the token. @throws {RuntimeError} RATE_LIMITED when 1,000 are open */
  issue(principal: Principal): string {
    this.#expire();
    if (this.#open.size >= MOST_COUNT) throw new RuntimeError('RATE_LIMITED', 'too many open tickets');
    const ticket = makeSecret();
    this.#open.set(keyOf(ticket), { principal, expiresAt: this.#now() + this.#ttlMs });
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
