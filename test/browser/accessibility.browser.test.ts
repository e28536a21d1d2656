import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { codexDriver } from '../../adapters/codex/index.ts';
import { replayDriver } from '../../adapters/replay/index.ts';
import { startServer } from '../helpers/start-server.ts';
import { usingTempFolder } from '../helpers/using-temp-folder.ts';
import { openConsole, openContext, openThread, reached, sendPrompt, useBrowser } from './browser.ts';

useBrowser();

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What is wrong with the page, a line each. Evaluated by the debugger: the policy of the page lets no script in. */
async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate('axe.run()')) as AxeResults;
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
  it('every page can be used without seeing it', async () => {
    const demo = { instanceId: 'demo', driver: 'replay', env: { THREADCHART_REPLAY_SCALE: '0' } };
    const scripted = { instanceId: 'scripted', driver: 'scripted' };
    const drivers = [codexDriver, replayDriver({ drivers: [codexDriver] })];
    const server = await startServer({ instances: [demo, scripted] }, drivers);
    const signedOut = await (await openContext(server, { colorScheme })).newPage();
    await signedOut.goto(server.url);
    await signedOut.getByLabel('Or a token').waitFor();
    expect(await violationsOf(signedOut)).toEqual([]);
    const page = await openConsole(server, { colorScheme });
    expect(await violationsOf(page)).toEqual([]);
    await page.keyboard.press('n');
    await page.getByRole('heading', { name: 'New thread' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    const client = await server.client();
    const make = { type: 'thread.create', cwd: usingTempFolder() } as const;
    const { threadId } = await client.dispatch({ ...make, instanceId: 'demo' });
    await openThread(page, threadId);
    await sendPrompt(page, 'mend the defect');
    await page.getByRole('button', { name: 'Allow', exact: true }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    await reached(page, 'ready');
    for (const summary of await page.locator('.tool > summary').all()) await summary.click();
    await page.getByRole('button', { name: 'Thread actions' }).click();
    expect(await violationsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Changes' }).click();
    await page.getByRole('region', { name: 'Changes' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('link', { name: 'Inspect' }).click();
    await page.locator('.chart .state.lit').first().waitFor();
    expect(await violationsOf(page)).toEqual([]);
    const other = await client.dispatch({ ...make, instanceId: 'scripted' });
    await openThread(page, other.threadId);
    await sendPrompt(page, 'question after');
    await page.getByRole('button', { name: 'Answer' }).waitFor();
    await sendPrompt(page, 'later', 'Queue');
    await page.locator('.queue-entry').waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });
});
