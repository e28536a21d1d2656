/** Signing in, and the one connection of the page. */
import { signal } from '@preact/signals';
import { failureOf, type Failure } from '../../../machines/domain/error.ts';
import { connect, RuntimeError } from '../../client/browser.ts';
import { fetchTicket } from '../../client/ticket-socket.ts';
import { ConsoleStore } from '../state/console-store.ts';
import { forgetToken, readToken, signIn, signOut, takeCode } from './credentials.ts';

export type Session =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'signedOut'; readonly failure: Failure | null }
  | { readonly phase: 'open'; readonly store: ConsoleStore };

export const session = signal<Session>({ phase: 'connecting' });
/** The connection was lost and is being opened again. */
export const isReconnecting = signal(false);

/** A link is used up only where the browser is not signed in yet. */
export async function startSession(): Promise<void> {
  const code = takeCode();
  const known = readToken();
  if (known !== null && (await open(known))) return;
  if (code === null) return signedOut(null);
  await enter('Code', code);
}

/** By the token that a person has typed. */
export const enterToken = (token: string): Promise<void> => enter('Bearer', token);

export async function leave(): Promise<void> {
  const { value } = session;
  await signOut();
  if (value.phase === 'open') value.store.close();
  signedOut(null);
}

async function enter(scheme: 'Code' | 'Bearer', secret: string): Promise<void> {
  try {
    const token = await signIn(scheme, secret);
    await open(token);
  } catch (error) {
    signedOut(failureOf(error));
  }
}

/** `false`: the server does not know the token. */
async function open(token: string): Promise<boolean> {
  session.value = { phase: 'connecting' };
  const ticket = async (): Promise<string> => {
    isReconnecting.value = true;
    return fetchTicket(location.origin, token);
  };
  try {
    const client = await connect({ url: location.origin, ticket });
    isReconnecting.value = false;
    const store = new ConsoleStore(client, {
      onView: () => (isReconnecting.value = false),
      onEnd: (error) => signedOut(failureOf(error)),
    });
    session.value = { phase: 'open', store };
    return true;
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    signedOut(failureOf(error));
    return false;
  }
}

function signedOut(failure: Failure | null): void {
  isReconnecting.value = false;
  if (failure?.code === 'UNAUTHORIZED') forgetToken();
  session.value = { phase: 'signedOut', failure };
}
