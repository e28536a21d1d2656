/** `npm run screenshots`: the console's pictures in the README, of a server that plays the demo recordings. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { connect } from '../server/client/node.ts';
import { setup as buildConsole } from './build-console.ts';
import { ServerProcess } from './helpers/server-process.ts';

const ROOT = join(import.meta.dirname, '..');
const TARGET = join(ROOT, 'server', 'console', 'screenshots');
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const VIEWPORT = { width: 1200, height: 720 };

interface Stage {
  readonly page: Page;
  /** Makes a thread of a recording, sends it a prompt and shows it. */
  readonly show: (model: string | null, text: string) => Promise<void>;
}

async function onStage(home: string, act: (stage: Stage) => Promise<void>): Promise<void> {
  const cwd = join(home, 'calculator');
  mkdirSync(cwd);
  execFileSync('git', ['init', '--quiet', cwd]);
  const data = join(home, 'data');
  mkdirSync(data, { mode: 0o700 });
  const args = ['serve', '--json', '--port', '0', '--data', data];
  const program = { path: join(ROOT, 'server', 'main.ts'), args, data, word: 'screenshots' };
  const server = await ServerProcess.start(program);
  const { url, tokenFile } = server.place;
  const token = readFileSync(tokenFile, 'utf8').trim();
  const client = await connect({ url, token });
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    const page = await browser.newPage({ viewport: VIEWPORT, colorScheme: 'light' });
    await page.goto(await signInLink(url, token));
    await page.getByRole('navigation', { name: 'Threads' }).waitFor();
    const show = async (model: string | null, text: string): Promise<void> => {
      const made = await client.dispatch({
        type: 'thread.create',
        title: text,
        cwd,
        instanceId: 'demo',
        model,
        runtimeMode: 'auto-accept-edits',
      });
      await client.dispatch({ type: 'turn.submit', threadId: made.threadId, text });
      // only what is behind `#` changes: the page stays
      await page.goto(`${url}/#/thread/${made.threadId}`);
    };
    await act({ page, show });
  } finally {
    await browser.close();
    client.close();
    await server.end();
  }
}

async function signInLink(url: string, token: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/api/sign-in-code`, { method: 'POST', headers });
  const { code } = JSON.parse(await response.text()) as { code: string };
  return `${url}/#code=${code}`;
}

async function takeAll({ page, show }: Stage): Promise<void> {
  await show('interrupt', 'Tell me a story without an end.');
  await page.getByRole('list', { name: 'What it waits for' }).waitFor();
  await take(page, 'why');
  await page.getByRole('button', { name: 'Interrupt' }).click();
  await reached(page, 'interrupted');
  await show(null, 'The test of sum fails. Please mend it.');
  await page.getByRole('button', { name: 'Allow', exact: true }).waitFor();
  await take(page, 'approval');
  await page.getByRole('link', { name: 'Inspect' }).click();
  await page.getByRole('button', { name: /^turn/ }).click();
  await page.locator('.chart .state.lit').first().waitFor();
  await take(page, 'inspect');
  await page.getByRole('link', { name: 'Chat' }).click();
  await page.getByRole('button', { name: 'Allow', exact: true }).click();
  await reached(page, 'ready');
  await page.getByRole('link', { name: 'Inspect' }).click();
  await page.getByRole('button', { name: 'Thread then' }).click();
  const slider = page.getByRole('slider', { name: 'Entry' });
  await slider.fill(String(Math.round(Number(await slider.getAttribute('max')) / 2)));
  await page.locator('.inspect .transcript').waitFor();
  await take(page, 'time-travel');
}

const reached = (page: Page, status: string): Promise<void> =>
  page.locator(`.thread-head [data-status=${status}]`).waitFor();

async function take(page: Page, name: string): Promise<void> {
  if (!existsSync(TARGET)) mkdirSync(TARGET);
  await page.mouse.move(0, 0);
  // what is about to be drawn is drawn
  await page.waitForLoadState('networkidle');
  await page.evaluate('new Promise(requestAnimationFrame)');
  await page.screenshot({ path: join(TARGET, `${name}.png`), animations: 'disabled' });
}

await buildConsole();
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'threadchart-screens-')));
try {
  await onStage(folder, takeAll);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
