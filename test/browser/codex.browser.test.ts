import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import { byUserText, replies } from '../model-endpoint/script.ts';
import { runCommand } from '../model-endpoint/codex-tools.ts';
import { gate, text } from '../model-endpoint/step.ts';
import { openConsole, reached, sendPrompt, useBrowser } from './browser.ts';

useBrowser();

describe.skipIf(requireAgent('codex') === null)('the console with codex', () => {
  it('makes a thread, lets a command run, and goes on when the server was killed', async () => {
    const first = replies([[runCommand('touch made-here')], [text('It is **made**.')]]);
    const server = await startLiveServer(byUserText({ make: first, again: replies([[text('Here I am.')]]) }));
    const page = await openConsole(server);
    await page.keyboard.press('n');
    await page.getByLabel('Folder').fill(server.workspace);
    await page.getByLabel('First prompt').fill('make');
    await page.getByRole('button', { name: 'Create and send' }).click();
    await page.getByRole('button', { name: 'Allow', exact: true }).click({ timeout: 60_000 });
    await reached(page, 'ready');
    await page.locator('.assistant_message strong', { hasText: 'made' }).waitFor();
    await server.killAndRestart();
    await page.getByRole('textbox', { name: 'Prompt' }).fill('again');
    await page.getByRole('textbox', { name: 'Prompt' }).press('Enter');
    await page.getByText('Here I am.').last().waitFor({ timeout: 60_000 });
    await reached(page, 'ready');
    expect(await page.locator('.user_message').count()).toBe(2);
  });

  it('says why nothing comes of a codex that was stopped, and ends it', async () => {
    const script = replies([[text('It begins '), gate('never'), text('and ends.')]]);
    const server = await startLiveServer(byUserText({ begin: script, 'go on': () => [text('Here it is.')] }));
    const page = await openConsole(server);
    await page.keyboard.press('n');
    await page.getByLabel('Folder').fill(server.workspace);
    await page.getByLabel('First prompt').fill('begin');
    await page.getByRole('button', { name: 'Create and send' }).click();
    await page.locator('.assistant_message', { hasText: 'It begins' }).waitFor({ timeout: 60_000 });
    for (const { pid } of await server.agentProcesses()) process.kill(pid, 'SIGSTOP');
    const why = page.getByRole('list', { name: 'What it waits for' });
    await why.getByText('codex works on the turn').waitFor();
    await why.getByText(/of silence: the turn is interrupted because nothing came/).waitFor();
    await page.getByRole('button', { name: 'Interrupt' }).click();
    await why.getByText('codex was told to stop and has not said that it did').waitFor();
    await why.getByText(/the turn is ended without the answer/).waitFor();
    await why.getByRole('button', { name: 'Stop the agent' }).click();
    await page.locator('.thread-head [data-status=stopped]').waitFor({ timeout: 60_000 });
    await sendPrompt(page, 'go on');
    await page.locator('.assistant_message', { hasText: 'Here it is.' }).waitFor({ timeout: 60_000 });
    await reached(page, 'ready');
  });
});
