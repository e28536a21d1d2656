import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ERRORS } from '../machines/domain/error.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const ROW = /^\| `([A-Z_]+)`\s*\| (yes|no)\s*\| (.+?)\s*\|$/gm;

test('the README lists every error code with the catalogue’s words', () => {
  const listed = [...README.matchAll(ROW)].map(([, code, retryable, meaning]) => [code, retryable, meaning]);
  const catalogue = Object.entries(ERRORS).map(([code, { retryable, meaning }]) => [
    code,
    retryable ? 'yes' : 'no',
    meaning,
  ]);
  expect(catalogue.length).toBeGreaterThan(50);
  expect(listed).toEqual(catalogue);
});
