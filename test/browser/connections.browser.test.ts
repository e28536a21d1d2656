import { describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../helpers/start-server.ts';
import { usingTempFolder } from '../helpers/using-temp-folder.ts';
import { openConsole, openThread, reached, sendPrompt, useBrowser } from './browser.ts';

useBrowser();

async function newThread(server: TestServer): Promise<string> {
  const client = await server.client();
  const command = { type: 'thread.create', cwd: usingTempFolder(), instanceId: 'scripted' } as const;
  return (await client.dispatch(command)).threadId;
}

describe('a tab', () => {
  it('goes on after the server has been started again, without being loaded anew', async () => {
    const server = await startServer();
    const page = await openConsole(server);
    await openThread(page, await newThread(server));
    await sendPrompt(page, 'wait after');
    await page.getByRole('button', { name: 'Interrupt' }).waitFor();
    await page.evaluate('window.isSame = true');
    await server.restart();
    await reached(page, 'stopped');
    await page.getByText('Connecting again').waitFor({ state: 'detached' });
    await sendPrompt(page, 'hello');
    await reached(page, 'ready');
    expect(await page.evaluate('window.isSame')).toBe(true);
  });

  it('shows what another one did', async () => {
    const server = await startServer();
    const page = await openConsole(server);
    const threadId = await newThread(server);
    await openThread(page, threadId);
    const other = await page.context().newPage();
    await other.goto(server.url);
    await openThread(other, threadId);
    await sendPrompt(page, 'ask after');
    await other.getByRole('button', { name: 'Allow', exact: true }).click();
    for (const tab of [page, other]) {
      await reached(tab, 'ready');
      await tab.locator('.request').waitFor({ state: 'detached' });
    }
    const said = (tab: typeof page) => tab.locator('.item').allTextContents();
    expect(await said(other)).toEqual(await said(page));
  });

  it('that was stalled has everything when it goes on, and held up nobody', async () => {
    const server = await startServer({ deltaWindowMs: 0 });
    const page = await openConsole(server);
    const threadId = await newThread(server);
    await openThread(page, threadId);
    const debug = await page.context().newCDPSession(page);
    await debug.send('Debugger.enable');
    const paused = new Promise((resolve) => debug.once('Debugger.paused', resolve));
    await debug.send('Debugger.pause');
    const client = await server.client();
    await client.dispatch({ type: 'turn.submit', threadId, text: 'first' });
    await paused;
    const texts = Array.from({ length: 30 }, (_, index) => `${'long '.repeat(20)}end-${index}`);
    for (const text of texts) {
      await client.dispatch({ type: 'turn.submit', threadId, text, mode: 'queue' });
    }
    await expect
      .poll(
        async () => {
          const { snapshot } = await client.call('orchestration.getThreadProjection', { threadId });
          return [snapshot.thread.status, snapshot.queue.entries.length];
        },
        { timeout: 60_000 },
      )
      .toEqual(['ready', 0]);
    await debug.send('Debugger.resume');
    await debug.send('Debugger.disable');
    await reached(page, 'ready');
    await page.locator('.user_message', { hasText: 'end-29' }).waitFor();
    const last = page.locator('.item').last();
    expect(await last.getAttribute('data-status')).toBe('completed');
  });
});
