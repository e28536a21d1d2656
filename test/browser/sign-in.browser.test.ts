import { describe, expect, it } from 'vitest';
import { listTokens, revokeToken } from '../../server/http/tokens.ts';
import { startServer } from '../helpers/start-server.ts';
import { openConsole, openContext, signInLink, useBrowser } from './browser.ts';

useBrowser();

describe('signing in', () => {
  it('is done by a link, which leaves no code in the address and works once', async () => {
    const server = await startServer();
    const link = await signInLink(server);
    const page = await (await openContext(server)).newPage();
    await page.goto(link);
    await page.getByRole('navigation', { name: 'Threads' }).waitFor();
    expect(page.url()).toBe(`${server.url}/#/`);
    // who is signed in stays so, in another tab as well
    await page.reload();
    await page.getByRole('navigation', { name: 'Threads' }).waitFor();
    const tab = await page.context().newPage();
    await tab.goto(server.url);
    await tab.getByRole('navigation', { name: 'Threads' }).waitFor();
    const other = await (await openContext(server)).newPage();
    await other.goto(link);
    await other.getByText('the link has been used, or is too old').waitFor();
  });

  it('is done by a token where there is no link', async () => {
    const server = await startServer();
    const page = await (await openContext(server)).newPage();
    await page.goto(server.url);
    await page.getByLabel('Or a token').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('no valid bearer token').waitFor();
    await page.getByLabel('Or a token').fill(server.token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('navigation', { name: 'Threads' }).waitFor();
    // what is kept is a token of the browser's own
    const kept = await page.evaluate('JSON.stringify(localStorage)');
    expect(kept).not.toContain(server.token);
    expect(await page.context().cookies()).toEqual([]);
  });

  it('ends by signing out, and by a token that is revoked', async () => {
    const server = await startServer();
    const page = await openConsole(server);
    await page.getByRole('button', { name: 'Console' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByLabel('Or a token').waitFor();
    expect(listTokens(server.config.data)).toEqual([]);
    const next = await openConsole(server);
    const [row] = listTokens(server.config.data);
    revokeToken(server.config.data, row?.tokenId ?? '');
    await next.getByLabel('Or a token').waitFor();
  });
});
