import { describe, expect, it } from 'vitest';
import { itemIdSchema } from '../../machines/domain/ids.ts';
import type { Fact } from '../../machines/domain/fact.ts';
import { ConsoleFiles } from '../../server/http/console-files.ts';
import { CONSOLE_FOLDER } from '../helpers/start-server.ts';
import { startGateway, type StartedGateway } from '../helpers/start-gateway.ts';
import { openConsole, openThread, useBrowser } from './browser.ts';

useBrowser();

const ITEM_COUNT = 100_000;
const MOST_ROWS = 60;

const message = (ordinal: number): Fact => ({
  type: 'item.completed',
  item: {
    itemId: itemIdSchema.parse(`item-${ordinal}`),
    body: { kind: 'assistant_message' },
    text: `message ${ordinal}`,
    status: 'completed',
    ordinal,
    turnId: null,
    attempt: 1,
  },
});

async function longThread(): Promise<StartedGateway> {
  const files = new ConsoleFiles(CONSOLE_FOLDER);
  const gateway = await startGateway({ fallback: (path, accepted) => files.answer(path, accepted) });
  const id = gateway.runtime.create('long');
  for (let ordinal = 1; ordinal <= ITEM_COUNT; ordinal += 1) gateway.runtime.stage(id, message(ordinal));
  gateway.runtime.tick();
  return gateway;
}

describe('a thread of 100,000 items', () => {
  it('opens at its end, goes anywhere, and draws what is in sight', async () => {
    const gateway = await longThread();
    const page = await openConsole(gateway);
    await openThread(page, 'long');
    await page.getByText(`message ${ITEM_COUNT}`, { exact: true }).waitFor();
    const rows = page.locator('.transcript-row');
    expect(await rows.count()).toBeLessThan(MOST_ROWS);
    const transcript = page.getByRole('log', { name: 'Transcript' });
    await transcript.evaluate((element) => void (element.scrollTop = 0));
    await page.getByText('message 1', { exact: true }).waitFor();
    await transcript.evaluate((element) => void (element.scrollTop = element.scrollHeight / 2));
    await expect.poll(async () => middleOf(await rows.allTextContents())).toBeGreaterThan(ITEM_COUNT / 4);
    expect(await rows.count()).toBeLessThan(MOST_ROWS);
    // what comes now is not followed: a person reads elsewhere
    const seen = await transcript.evaluate((element) => element.scrollTop);
    gateway.runtime.commit('long', message(ITEM_COUNT + 1));
    await page.getByRole('button', { name: 'To the end' }).click();
    await page.getByText(`message ${ITEM_COUNT + 1}`, { exact: true }).waitFor();
    expect(await transcript.evaluate((element) => element.scrollTop)).toBeGreaterThan(Number(seen));
    gateway.runtime.commit('long', message(ITEM_COUNT + 2));
    await page.getByText(`message ${ITEM_COUNT + 2}`, { exact: true }).waitFor();
  });
});

/** The number of the row in the middle; 0: it has not been read. */
function middleOf(texts: readonly string[]): number {
  const text = texts[Math.floor(texts.length / 2)] ?? '';
  return Number(/message (\d+)/.exec(text)?.[1] ?? 0);
}
