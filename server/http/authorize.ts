/** Who is behind a request: `Authorization: Bearer` or, for a WebSocket, a one-time ticket. */
import type { IncomingMessage } from 'node:http';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { Principal, Scope } from '../gateway/scope.ts';
import { originOf } from './guard.ts';
import type { Tickets } from './tickets.ts';
import type { Tokens } from './tokens.ts';

export interface Doors {
  readonly tokens: Tokens;
  readonly tickets: Tickets;
  /** Of links that open the console. */
  readonly codes: Tickets;
}

const BEARER = /^bearer +([\w~+/.=-]{1,512})$/i;

/** `null`: no `Authorization` header was sent. */
export function bearerOf({ headers }: IncomingMessage): string | null {
  if (headers.authorization === undefined) return null;
  return BEARER.exec(headers.authorization)?.[1] ?? '';
}

/** @throws {RuntimeError} UNAUTHORIZED without a valid bearer token, FORBIDDEN without the scope */
export function authorizeRequest(
  request: IncomingMessage,
  { tokens }: Doors,
  scope: Scope | null,
): Principal {
  const principal = tokens.authenticate(bearerOf(request) ?? '');
  if (principal === null) throw new RuntimeError('UNAUTHORIZED', 'no valid bearer token');
  if (scope === null || principal.scopes.has(scope)) return principal;
  throw new RuntimeError('FORBIDDEN', `needs the scope ${scope}`, { details: { scope } });
}

const CODE = /^code +([\w-]{1,512})$/i;

/**
 * Who signs in: by the code of a link, which is used up, or by a token.
 * @throws {RuntimeError} UNAUTHORIZED
 */
export function authorizeSignIn(request: IncomingMessage, doors: Doors): Principal {
  const code = CODE.exec(request.headers.authorization ?? '')?.[1];
  if (code === undefined) return authorizeRequest(request, doors, null);
  const principal = doors.codes.redeem(code);
  // its token may have been revoked since
  if (principal !== null && doors.tokens.isCurrent(principal)) return principal;
  throw new RuntimeError('UNAUTHORIZED', 'the link has been used, or is too old');
}

/**
 * A ticket is for pages, which always send an `Origin`: without one it is refused, and not used up. A long-lived token
 * in the URL is never looked at.
 * @throws {RuntimeError} UNAUTHORIZED, FORBIDDEN for a ticket without an `Origin`
 */
export function authorizeUpgrade(request: IncomingMessage, url: URL, { tokens, tickets }: Doors): Principal {
  const bearer = bearerOf(request);
  if (bearer !== null) return found(tokens.authenticate(bearer));
  const [ticket, ...more] = url.searchParams.getAll('ticket');
  if (ticket === undefined || more.length > 0) return found(null);
  if (originOf(request) === null) throw new RuntimeError('FORBIDDEN', 'a ticket needs an origin');
  const principal = tickets.redeem(ticket);
  // its token may have been revoked since
  return found(principal !== null && tokens.isCurrent(principal) ? principal : null);
}

function found(principal: Principal | null): Principal {
  if (principal === null) throw new RuntimeError('UNAUTHORIZED', 'no valid token or ticket');
  return principal;
}
