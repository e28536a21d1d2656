/** How much the browser has to fetch before it shows anything, and what the page is made of. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ConsoleFiles } from '../../server/http/console-files.ts';
import type { Answer } from '../../server/http/respond.ts';
import { CONSOLE_FOLDER } from '../helpers/start-server.ts';

const MOST_BYTES = 150 * 1024;

function bodyOf(answer: Answer | null): string | Uint8Array {
  const body = answer?.body;
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  throw new Error('it is not served');
}

it('the first load is at most 150 KB, and nothing in the page is inline', () => {
  const index = readFileSync(join(CONSOLE_FOLDER, 'index.html'), 'utf8');
  const paths = [...index.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map(([, path = '']) => path);
  expect(paths.length).toBeGreaterThanOrEqual(2);
  const files = new ConsoleFiles(CONSOLE_FOLDER);
  const sizes = paths.map((path) => Buffer.byteLength(bodyOf(files.answer(`/${path}`, 'gzip'))));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`the first load takes ${Math.round(total / 1024)} KB`);
  expect(total).toBeLessThan(MOST_BYTES);
  expect(index).not.toMatch(/<script(?![^>]*src=)|<style|\son\w+=|style=|https?:\/\//);
});
