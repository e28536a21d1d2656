/** Chromium without a screen, and pages that may speak to one server only. */
import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser: Browser | null = null;

/** For the tests of a file. A missing browser is a failure, not a skip. */
export function useBrowser(): void {
  beforeAll(async () => {
    if (!existsSync(CHROMIUM)) throw new Error(`there is no ${CHROMIUM}: apt-get install chromium`);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  afterAll(() => browser?.close());
}

/** Where a page can go, and by what it may sign in. */
export interface Served {
  readonly url: string;
  readonly token: string;
}

/** A link as the server prints it. */
export async function signInLink({ url, token }: Served): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/api/sign-in-code`, { method: 'POST', headers });
  const { code } = (await response.json()) as { code: string };
  return `${url}/#code=${code}`;
}

export interface ContextOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
}

/** A browser of one person: its tabs share what is stored. Fails the test on an error in a page, and on any other host. */
export async function openContext(served: Served, options: ContextOptions = {}): Promise<BrowserContext> {
  if (browser === null) throw new Error('no browser was started');
  const { width = 1280, height = 800, colorScheme = 'light' } = options;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  const problems: string[] = [];
  const own = new URL(served.url).host;
  context.on('request', (request) => {
    const { host, protocol } = new URL(request.url());
    if (!['blob:', 'data:'].includes(protocol) && host !== own) problems.push(`asked ${request.url()}`);
  });
  context.on('weberror', (error) => problems.push(String(error.error())));
  context.on('console', (message) => {
    // what is not there while the server is away is told by the browser itself
    const isNetwork = /ERR_CONNECTION|WebSocket connection|Failed to load resource/.test(message.text());
    if (message.type() === 'error' && !isNetwork) problems.push(message.text());
  });
  onTestFinished(async () => {
    await context.close();
    expect(problems).toEqual([]);
  });
  return context;
}

/** A signed-in tab. */
export async function openConsole(served: Served, options: ContextOptions = {}): Promise<Page> {
  const context = await openContext(served, options);
  const page = await context.newPage();
  await page.goto(await signInLink(served));
  await page.getByRole('navigation', { name: 'Threads' }).waitFor();
  return page;
}

export const openThread = async (page: Page, threadId: string): Promise<void> => {
  const address = new URL(page.url());
  address.hash = `#/thread/${threadId}`;
  // only what is behind `#` changes: the page stays
  await page.goto(address.href);
  await page.getByRole('textbox', { name: 'Prompt' }).waitFor();
};

/** Writes a prompt and presses the button of that name. */
export async function sendPrompt(page: Page, text: string, button = 'Send'): Promise<void> {
  await page.getByRole('textbox', { name: 'Prompt' }).fill(text);
  await page.locator('.composer').getByRole('button', { name: button, exact: true }).click();
}

/** Waits until the thread has that status. */
export const reached = (page: Page, status: string): Promise<void> =>
  page.locator(`.thread-head [data-status=${status}]`).waitFor();
