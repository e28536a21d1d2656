import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codexDriver } from '../../adapters/codex/index.ts';
import { replayDriver } from '../../adapters/replay/index.ts';
import { startServer, type TestServer } from '../helpers/start-server.ts';
import { usingTempFolder } from '../helpers/using-temp-folder.ts';
import { until } from '../helpers/until.ts';
import { openConsole, openThread, reached, sendPrompt, useBrowser } from './browser.ts';

useBrowser();

const demoServer = (config: Record<string, unknown> = {}): Promise<TestServer> => {
  const demo = { instanceId: 'demo', driver: 'replay', env: { THREADCHART_REPLAY_SCALE: '0' } };
  return startServer({ instances: [demo], ...config }, [
    codexDriver,
    replayDriver({ drivers: [codexDriver] }),
  ]);
};

async function threadOn(server: TestServer, instanceId = 'scripted', more = {}): Promise<string> {
  const client = await server.client();
  const { threadId } = await client.dispatch({
    type: 'thread.create',
    cwd: usingTempFolder(),
    instanceId,
    ...more,
  });
  return threadId;
}

describe('a thread on a recording', () => {
  it('is made with the folder picker, streams, asks, and shows what it did', async () => {
    const root = usingTempFolder();
    mkdirSync(join(root, 'project', '.git'), { recursive: true });
    const page = await openConsole(await demoServer({ workspaceRoots: [root] }));
    await page.keyboard.press('n');
    await page.getByRole('button', { name: 'Choose…' }).click();
    await page.getByRole('button', { name: /project/ }).click();
    await page.getByRole('button', { name: 'Use this folder' }).click();
    expect(await page.getByLabel('Folder').inputValue()).toBe(join(root, 'project'));
    await page.getByLabel('First prompt').fill('mend the defect');
    await page.getByRole('button', { name: 'Create and send' }).click();
    const request = page.getByRole('region', { name: 'May it run this command?' });
    await request.waitFor();
    expect(await request.textContent()).toContain('node --test');
    await page.locator('.thread-head').getByText('waits for you').waitFor();
    expect(await page.title()).toBe('(1) Threadchart');
    await request.getByRole('button', { name: 'Allow', exact: true }).click();
    await reached(page, 'ready');
    await page.getByText('The defect is mended, and the tests pass.').last().waitFor();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('mend the defect');
    const change = page.locator('.file_change summary');
    await change.click();
    await page.locator('.diff .added').getByText('total + each').waitFor();
    expect(await page.getByRole('complementary', { name: 'Details' }).textContent()).toContain(
      'run the tests',
    );
  });

  it('takes the answer to a question', async () => {
    const server = await demoServer();
    const page = await openConsole(server);
    await openThread(page, await threadOn(server, 'demo', { model: 'question' }));
    await sendPrompt(page, 'hello');
    const form = page.getByRole('region', { name: 'It asks you' });
    await form.waitFor();
    await form.locator('input').first().check();
    await form.getByRole('button', { name: 'Answer' }).click();
    await reached(page, 'ready');
    await form.waitFor({ state: 'detached' });
  });
});

describe('a running turn', () => {
  it('takes queued prompts, which can be changed, moved and taken away', async () => {
    const server = await startServer();
    const page = await openConsole(server);
    await openThread(page, await threadOn(server));
    await sendPrompt(page, 'wait after');
    await page.getByRole('button', { name: 'Interrupt' }).waitFor();
    for (const text of ['one', 'two', 'three']) {
      await sendPrompt(page, text, 'Queue');
      await page.locator('.queue-text', { hasText: text }).waitFor();
    }
    const entry = (text: string) => page.locator('.queue-entry', { hasText: text });
    await entry('three').getByRole('button', { name: 'Earlier' }).click();
    const order = () => page.locator('.queue-text').allTextContents();
    await until(async () => (await order()).join() === 'one,three,two');
    await entry('one').getByRole('button', { name: 'Remove' }).click();
    await entry('two').getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Queued prompt').fill('second');
    await page.getByRole('button', { name: 'Save' }).click();
    await until(async () => (await order()).join() === 'three,second');
    await page.getByRole('textbox', { name: 'Prompt' }).press('Escape');
    await reached(page, 'interrupted');
    await page.getByText('held: the turn was interrupted').waitFor();
    await page.getByRole('button', { name: 'Go on' }).click();
    await reached(page, 'ready');
    await page.locator('.queue').waitFor({ state: 'detached' });
    const prompts = [...server.world.conversations.values()].flat().map(({ text }) => text);
    expect(prompts).toEqual(['wait after', 'three', 'second']);
  });

  it('takes a steer', async () => {
    const server = await startServer();
    const page = await openConsole(server);
    await openThread(page, await threadOn(server));
    await sendPrompt(page, 'wait after');
    await page.getByRole('button', { name: 'Steer' }).waitFor();
    await page.getByRole('textbox', { name: 'Prompt' }).fill('look here');
    await page.keyboard.press('Control+Enter');
    await page
      .locator('.user_message', { hasText: 'look here' })
      .getByText('into the running turn')
      .waitFor();
    expect(server.world.performed).toContainEqual(expect.objectContaining({ type: 'turn.steer' }));
  });

  it('says what it waits for when nothing comes, and can be ended', async () => {
    const server = await startServer();
    const page = await openConsole(server);
    await openThread(page, await threadOn(server));
    await sendPrompt(page, 'silent');
    const why = page.getByRole('list', { name: 'What it waits for' });
    await why.waitFor({ timeout: 60_000 });
    expect(await why.textContent()).toMatch(/scripted.*since .*of silence/);
    await page.getByRole('button', { name: 'Interrupt' }).click();
    await reached(page, 'interrupted');
    await why.waitFor({ state: 'detached' });
  });

  it('shows why a command was refused, with its code', async () => {
    const server = await startServer();
    const threadId = await threadOn(server);
    const page = await openConsole(server);
    await openThread(page, threadId);
    await page.getByRole('textbox', { name: 'Prompt' }).fill('x'.repeat(200_001));
    await page.getByRole('textbox', { name: 'Prompt' }).press('Enter');
    await page.getByRole('alert').getByText('INVALID_PARAMS').waitFor();
    expect(await page.getByRole('textbox', { name: 'Prompt' }).inputValue()).toHaveLength(200_001);
  });
});

describe('the list', () => {
  it('is searched, filtered, walked by keys, and has forks under their parent', async () => {
    const server = await startServer();
    const client = await server.client();
    const parent = await threadOn(server, 'scripted', { title: 'the parent' });
    await threadOn(server, 'scripted', { title: 'another one' });
    const page = await openConsole(server);
    await openThread(page, parent);
    await sendPrompt(page, 'hello');
    await reached(page, 'ready');
    await page.locator('.assistant_message').last().hover();
    await page.getByRole('button', { name: 'Fork after this turn' }).last().click();
    const links = page.locator('.thread-list a');
    await until(async () => (await links.count()) === 3);
    await page.locator('.thread-list .depth-1').waitFor();
    await page.locator('body').press('/');
    await page.keyboard.type('another');
    await until(async () => (await links.count()) === 1);
    await page.getByLabel('Search threads').fill('');
    await client.dispatch({ type: 'thread.archive', threadId: parent });
    await page.getByLabel('Archived').check();
    await until(async () => (await links.allTextContents()).join().includes('the parent'));
    expect(await links.count()).toBe(1);
  });

  it('marks what is new, until it is looked at', async () => {
    const server = await startServer();
    const page = await openConsole(server);
    const threadId = await threadOn(server, 'scripted', { title: 'news' });
    const link = page.locator(`[data-thread="${threadId}"]`);
    await page.locator(`[data-thread="${threadId}"].unread`).waitFor();
    await link.click();
    await page.getByRole('textbox', { name: 'Prompt' }).waitFor();
    await page.getByRole('link', { name: 'Threadchart', exact: true }).click();
    await page.locator(`[data-thread="${threadId}"]:not(.unread)`).waitFor();
  });
});
