/**
 * The token of this browser. It is kept in the storage of the page's origin, port included: a cookie would be sent to every
 * other port of the host as well.
 */
import { RuntimeError } from '../../../machines/domain/error.ts';

const KEY = 'threadchart.session';
const CODE = /^#code=([\w-]+)$/;

/** The code of the link that was opened; it is taken out of the address. */
export function takeCode(): string | null {
  const code = CODE.exec(location.hash)?.[1] ?? null;
  if (code !== null) history.replaceState(null, '', `${location.pathname}#/`);
  return code;
}

export const readToken = (): string | null => localStorage.getItem(KEY);

export function forgetToken(): void {
  localStorage.removeItem(KEY);
}

/** Exchanges the code of a link, or a token, for one of this browser's own. @throws {RuntimeError} UNAUTHORIZED */
export async function signIn(scheme: 'Code' | 'Bearer', secret: string): Promise<string> {
  const headers = { authorization: `${scheme} ${secret}` };
  const response = await fetch('/api/session', { method: 'POST', headers });
  const { token, error }: { token?: string; error?: { message: string } } = JSON.parse(await response.text());
  if (token === undefined) throw new RuntimeError('UNAUTHORIZED', error?.message ?? 'the server refuses');
  localStorage.setItem(KEY, token);
  return token;
}

/** The server forgets the token, too; what it cannot be told it finds out by itself when it is asked for it. */
export async function signOut(): Promise<void> {
  const headers = authorization();
  forgetToken();
  await fetch('/api/session', { method: 'DELETE', headers }).catch(() => undefined);
}

/** For what is not asked over the socket. */
export const authorization = (): { readonly authorization: string } => ({
  authorization: `Bearer ${readToken() ?? ''}`,
});
