import { describe, expect, test } from 'vitest';
import { EXIT_CODES } from '../../server/cli/exit-codes.ts';
import { CliRun } from '../helpers/cli-run.ts';
import { startServer } from '../helpers/start-server.ts';

const signIn = (url: string, code: string): Promise<Response> =>
  fetch(`${url}/api/session`, { method: 'POST', headers: { authorization: `Code ${code}` } });

describe('console', () => {
  test('prints a link that signs in once', async () => {
    const server = await startServer();
    const run = new CliRun(server, ['console']);
    expect(await run.code).toBe(EXIT_CODES.ok);
    const link = new URL(run.out.trim());
    expect(link.origin).toBe(server.url);
    const code = link.hash.replace('#code=', '');
    expect((await signIn(server.url, code)).status).toBe(201);
    expect((await signIn(server.url, code)).status).toBe(401);
  });

  test('says what the server says to a token that it does not know', async () => {
    const server = await startServer();
    const run = new CliRun(server, ['console', '--token', 'wrong']);
    expect(await run.code).not.toBe(EXIT_CODES.ok);
    expect(run.err).toContain('UNAUTHORIZED');
    expect(run.out).toBe('');
  });
});
