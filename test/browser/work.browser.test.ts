import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Client } from '../../server/client/client.ts';
import { startServer, type TestServer } from '../helpers/start-server.ts';
import { makeRepository } from '../helpers/git-repository.ts';
import { usingTempFolder } from '../helpers/using-temp-folder.ts';
import { until } from '../helpers/until.ts';
import { openConsole, openThread, reached, sendPrompt, useBrowser } from './browser.ts';

useBrowser();

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

async function threadIn(server: TestServer, cwd: string): Promise<string> {
  const client = await server.client();
  return (await client.dispatch({ type: 'thread.create', cwd, instanceId: 'scripted' })).threadId;
}

async function capturesBefore(client: Client, threadId: string): Promise<number> {
  const { events } = await client.call('orchestration.readEvents', { threadId });
  return events.filter(({ fact }) => fact.type === 'checkpoint.captured' && fact.point === 'before').length;
}

describe('a task that an agent hands on', () => {
  it('is shown where it was asked for and where it is done, with links to each other', async () => {
    const server = await startServer();
    const client = await server.client();
    const threadId = await threadIn(server, usingTempFolder());
    const page = await openConsole(server);
    await openThread(page, threadId);
    await sendPrompt(page, 'wait');
    await page.getByRole('button', { name: 'Interrupt' }).waitFor();
    await client.dispatch({ type: 'task.delegate', threadId, text: 'look around', title: 'a look' });
    const task = page.locator('.delegation', { hasText: 'a look' });
    await task.locator('summary').click();
    await task.getByRole('link', { name: 'Open its thread' }).click();
    await page.locator('.user_message', { hasText: 'look around' }).waitFor();
    await page.getByRole('link', { name: 'by the agent of another thread' }).click();
    await page.locator('.user_message', { hasText: 'wait' }).waitFor();
  });
});

describe('what a turn did to files', () => {
  it('is shown in the conversation and altogether, and can be taken back', async () => {
    const server = await startServer();
    const repository = makeRepository();
    repository.write({ 'kept.txt': 'kept\n' });
    const folder = repository.root;
    const page = await openConsole(server);
    const threadId = await threadIn(server, folder);
    const client = await server.client();
    await openThread(page, threadId);
    await sendPrompt(page, 'first');
    await reached(page, 'ready');
    await sendPrompt(page, 'wait after');
    await page.getByRole('button', { name: 'Interrupt' }).waitFor();
    // what is written before that is none of the turn's
    await until(async () => (await capturesBefore(client, threadId)) === 2);
    writeFileSync(join(folder, 'made.txt'), 'made by the turn\n');
    const [connectionId] = server.provider().connectionIds;
    if (connectionId === undefined) throw new Error('there is no connection');
    server.provider().session(connectionId).goOn();
    await reached(page, 'ready');
    const checkpoint = page.locator('.checkpoint', { hasText: '1 file changed' });
    await checkpoint.locator('summary').click();
    await checkpoint.locator('.diff .added', { hasText: 'made by the turn' }).waitFor();
    await page.getByRole('link', { name: 'Changes' }).click();
    await page.getByRole('region', { name: 'Changes of made.txt' }).waitFor();
    await page.getByRole('link', { name: 'Chat' }).click();
    await page.getByRole('button', { name: 'Thread actions' }).click();
    await page.getByRole('menuitem', { name: 'Go back to the beginning…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('2 turns would go, 1 file would be put back.').waitFor();
    await dialog.getByRole('button', { name: 'Go back' }).click();
    await page.getByText('Went back to the beginning · 1 file put back').waitFor();
    expect(existsSync(join(folder, 'made.txt'))).toBe(false);
    await page.locator('.user_message.rolled-back').first().waitFor();
  });
});

describe('a prompt', () => {
  it('goes with a picture, which is shown again', async () => {
    const server = await startServer();
    const page = await openConsole(server);
    await openThread(page, await threadIn(server, usingTempFolder()));
    const picture = { name: 'pixel.png', mimeType: 'image/png', buffer: Buffer.from(PIXEL, 'base64') };
    await page.locator('.composer input[type=file]').setInputFiles(picture);
    await page.locator('.attached img').waitFor();
    await sendPrompt(page, 'look at it');
    await reached(page, 'ready');
    await page.locator('.user_message img').waitFor();
    const started = server.world.performed.find(({ type }) => type === 'turn.start');
    expect(started).toMatchObject({ prompt: { attachments: [expect.stringMatching(/^[0-9a-f]{64}$/)] } });
  });

  it('that failed says why, and can be sent again', async () => {
    const server = await startServer();
    const page = await openConsole(server);
    await openThread(page, await threadIn(server, usingTempFolder()));
    await sendPrompt(page, 'fail');
    await reached(page, 'error');
    await page.getByRole('alert').first().waitFor();
    await page.getByRole('button', { name: 'Retry' }).click();
    await until(() => server.world.received.length === 2);
    await reached(page, 'error');
  });

  it('can be written anew, and another one runs in its place', async () => {
    const server = await startServer();
    const page = await openConsole(server);
    await openThread(page, await threadIn(server, usingTempFolder()));
    await sendPrompt(page, 'one');
    await reached(page, 'ready');
    await page.getByRole('button', { name: 'Edit and run again' }).click();
    await page.getByRole('dialog').getByLabel('Prompt').fill('another');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    // the folder is no repository: that the files stay as they are is for a person to decide
    await page.getByRole('dialog').getByText('CHECKPOINT_MISSING').waitFor();
    expect(await page.getByLabel('Put its files back').isChecked()).toBe(false);
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.locator('.user_message:not(.rolled-back)', { hasText: 'another' }).waitFor();
    await reached(page, 'ready');
    await page.locator('.user_message.rolled-back', { hasText: 'one' }).waitFor();
  });

  it('is kept while it is written, when another thread is looked at', async () => {
    const server = await startServer();
    const page = await openConsole(server);
    const [one, other] = [
      await threadIn(server, usingTempFolder()),
      await threadIn(server, usingTempFolder()),
    ];
    await openThread(page, one);
    const prompt = page.getByRole('textbox', { name: 'Prompt' });
    await prompt.fill('not yet');
    await openThread(page, other);
    await until(async () => (await prompt.inputValue()) === '');
    await openThread(page, one);
    await until(async () => (await prompt.inputValue()) === 'not yet');
  });
});

describe('an approval', () => {
  it('that was not answered in time can be asked again', async () => {
    const server = await startServer();
    const page = await openConsole(server);
    await openThread(page, await threadIn(server, usingTempFolder()));
    await sendPrompt(page, 'ask after');
    await page.getByRole('button', { name: 'Allow', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Interrupt' }).click();
    const card = page.getByRole('region', { name: 'Not answered in time' });
    await card.waitFor();
    // who did not follow when it ended is offered it, too
    await page.reload();
    await card.getByRole('button', { name: 'Ask again' }).click();
    await until(() => server.world.received.length === 2);
    await card.waitFor({ state: 'detached' });
  });
});

describe('a thread', () => {
  it('is renamed, switched to another agent, archived and deleted', async () => {
    const instances = ['one', 'two'].map((instanceId) => ({ instanceId, driver: 'scripted' }));
    const server = await startServer({ instances });
    const client = await server.client();
    const make = { type: 'thread.create', cwd: usingTempFolder(), instanceId: 'one' } as const;
    const { threadId } = await client.dispatch(make);
    const page = await openConsole(server);
    await openThread(page, threadId);
    const choose = async (name: string): Promise<void> => {
      await page.getByRole('button', { name: 'Thread actions' }).click();
      await page.getByRole('menuitem', { name, exact: true }).click();
    };
    await choose('Rename…');
    await page.getByRole('dialog').getByLabel('Title').fill('a better name');
    await page.getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('heading', { level: 1, name: 'a better name' }).waitFor();
    await choose('Switch agent…');
    await page.getByRole('dialog').getByRole('button', { name: /two/ }).click();
    await page.locator('.thread-name', { hasText: 'two ·' }).waitFor();
    await choose('Archive');
    await choose('Unarchive');
    await choose('Delete…');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('Choose a thread').waitFor();
    await page.getByText('No threads here.').waitFor();
  });
});
