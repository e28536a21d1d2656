/** `threadchart console`: a link that signs a browser in. */
import { RuntimeError } from '../../machines/domain/error.ts';
import { httpUrlOf } from '../client/socket.ts';
import { withClient, type ClientFlags } from './connection.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

export async function consoleCommand(flags: ClientFlags, terminal: Terminal): Promise<ExitCode> {
  const url = await withClient(flags, async (_client, place) => {
    const address = httpUrlOf(place.url, '/');
    address.hash = `code=${await fetchCode(place.url, place.token)}`;
    return address.href;
  });
  terminal.note('opens the console once, within 15 minutes');
  terminal.print(url, { url });
  return EXIT_CODES.ok;
}

async function fetchCode(url: string, token: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  const address = httpUrlOf(url, '/api/sign-in-code');
  const response = await fetch(address, { method: 'POST', headers, redirect: 'error' });
  const { code }: { code?: string } = JSON.parse(await response.text());
  if (code === undefined) throw new RuntimeError('INTERNAL', `the server gives no code: ${response.status}`);
  return code;
}
