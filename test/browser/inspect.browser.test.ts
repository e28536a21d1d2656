import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { parseRecording } from '../../adapters/replay/recording.ts';
import { threadIdSchema } from '../../machines/domain/ids.ts';
import { replayEntries } from '../../machines/replay.ts';
import { startServer, type TestServer } from '../helpers/start-server.ts';
import { until } from '../helpers/until.ts';
import { usingTempFolder } from '../helpers/using-temp-folder.ts';
import { openConsole, openThread, reached, sendPrompt, useBrowser } from './browser.ts';

useBrowser();

interface Inspected {
  readonly server: TestServer;
  readonly page: Page;
  readonly threadId: string;
}

/** A thread that has completed a turn, and the panel of its inside. */
async function openInside(): Promise<Inspected> {
  const server = await startServer();
  const client = await server.client();
  const place = { cwd: usingTempFolder(), instanceId: 'scripted' };
  const { threadId } = await client.dispatch({ type: 'thread.create', ...place });
  const page = await openConsole(server, { width: 1500, height: 900 });
  await openThread(page, threadId);
  await sendPrompt(page, 'hi');
  await reached(page, 'ready');
  await page.getByRole('link', { name: 'Inspect' }).click();
  await page.locator('.chart .state.lit').first().waitFor();
  return { server, page, threadId };
}

const litStates = (page: Page): Promise<(string | null)[]> =>
  page
    .locator('.chart .state.lit:not(.name)')
    .evaluateAll((all) => all.map((each) => each.getAttribute('data-state')));

/** The state of a chart with those around it. */
function pathsOf(value: unknown, above = ''): string[] {
  const at = (key: string): string => (above === '' ? key : `${above}.${key}`);
  if (typeof value === 'string') return [at(value)];
  return Object.entries(value as object).flatMap(([key, inner]) => [at(key), ...pathsOf(inner, at(key))]);
}

describe('the inside of a thread', () => {
  it('lights the states that the machines are in, as they go', async () => {
    const { server, page, threadId } = await openInside();
    const { reads } = server.running().runtime;
    const id = threadIdSchema.parse(threadId);
    const isLit = async (value: unknown): Promise<boolean> =>
      JSON.stringify(await litStates(page)) === JSON.stringify(pathsOf(value));
    await until(() => isLit(reads.machineState(id).value));
    const client = await server.client();
    await client.dispatch({ type: 'turn.submit', threadId, text: 'wait' });
    await until(() => reads.machineState(id).status === 'running');
    await until(() => isLit(reads.machineState(id).value));
    await page.getByRole('button', { name: /^turn/ }).click();
    await until(() => isLit(reads.machineState(id).children.turn));
    await client.dispatch({ type: 'turn.interrupt', threadId });
    await page.getByRole('button', { name: /^thread/ }).click();
    await until(() => reads.machineState(id).status === 'interrupted');
    await until(() => isLit(reads.machineState(id).value));
  });

  it('goes back to any entry, and shows the whole thread as it was then', async () => {
    const { server, page, threadId } = await openInside();
    const { reads } = server.running().runtime;
    const id = threadIdSchema.parse(threadId);
    const began = reads
      .entries(id, 0, { limit: 100, deltas: true })
      .entries.find(({ facts }) => facts.some(({ type }) => type === 'turn.began'));
    await page.getByRole('slider', { name: 'Entry' }).fill(String(began?.version));
    await until(async () => (await litStates(page)).includes('bound.working.starting'));
    expect(await page.locator('.chart .arrow.lit:not(.label)').count()).toBe(1);
    await page.getByRole('button', { name: 'Thread then' }).click();
    await page.locator('.inspect .transcript').getByText('hi', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Next change' }).click();
    const moment = page.getByRole('group', { name: 'Moment' }).locator('output');
    await until(async () => Number.parseInt((await moment.textContent()) ?? '', 10) > (began?.version ?? 0));
    await page.getByRole('button', { name: 'Context' }).click();
    await page.locator('.context dt').first().waitFor();
    await page.getByRole('button', { name: 'Sequence' }).click();
    await page.locator('.sequence .message').first().waitFor();
    const address = new URL(page.url());
    address.hash = `#/thread/${threadId}/inspect?at=1`;
    await page.goto(address.href);
    await until(async () => (await litStates(page)).join() === 'unbound,unbound.ready');
    await page.getByRole('button', { name: 'Now', exact: true }).click();
    await until(async () => (await litStates(page)).join() === 'bound,bound.idle,bound.idle.ready');
  });

  it('saves the thread up to that moment as a recording that can be stepped', async () => {
    const { page, threadId } = await openInside();
    await page.getByRole('button', { name: 'One entry back' }).click();
    await page.getByRole('button', { name: 'One entry back' }).click();
    const moment = page.getByRole('group', { name: 'Moment' }).locator('output');
    const shown = async (): Promise<number[]> =>
      ((await moment.textContent()) ?? '').split(' of ').map((text) => Number.parseInt(text, 10));
    await until(async () => {
      const [at = 0, latest = 0] = await shown();
      return at < latest - 1;
    });
    const [version = 0] = await shown();
    const begun = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as a recording up to this moment' }).click();
    const download = await begun;
    const [text] = await Promise.all([readFile(await download.path(), 'utf8'), download.failure()]);
    const { lines } = parseRecording(text, download.suggestedFilename());
    const entries = lines.flatMap((line) => (line.kind === 'entry' ? [line.entry] : []));
    expect(entries.map((entry) => entry.version)).toEqual(Array.from({ length: version }, (_, i) => i + 1));
    expect(new Set(entries.map(({ stream }) => stream))).toEqual(new Set([threadId]));
    expect(replayEntries(entries)).toMatchObject({ difference: null });
  });

  it.each([390, 900, 1100])(
    'has all of it beside or below each other in a page of %i pixels',
    async (width) => {
      const { page } = await openInside();
      await page.setViewportSize({ width, height: 780 });
      await page.getByRole('button', { name: 'Thread then' }).click();
      const parts = ['.inspect-charts', '.inspect .transcript', '.inspect .details'].map((part) =>
        page.locator(part).boundingBox(),
      );
      const [charts, transcript, details] = await Promise.all(parts);
      if (!charts || !transcript || !details) throw new Error('a part of it is not drawn');
      expect(transcript.height).toBeGreaterThan(200);
      for (const part of [charts, transcript, details]) {
        expect(part.x).toBeGreaterThanOrEqual(0);
        expect(part.x + part.width).toBeLessThanOrEqual(width);
      }
      const isBelow = transcript.y >= charts.y + charts.height;
      expect(isBelow || transcript.x >= charts.x + charts.width).toBe(true);
      expect(details.y).toBeGreaterThanOrEqual(transcript.y + transcript.height);
    },
  );

  it('filters the journal', async () => {
    const { page } = await openInside();
    const rows = page.locator('.journal tbody tr');
    await until(async () => (await rows.count()) > 3);
    const all = await rows.count();
    await page.getByLabel('Entries', { exact: true }).selectOption('State changes');
    await until(async () => (await rows.count()) < all);
    await page.getByLabel('Filter by event').fill('connection.opened');
    await until(async () => (await rows.count()) === 1);
    expect(await rows.first().textContent()).toContain('connection opening → open');
  });
});
