import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { EXIT_CODES } from '../server/cli/exit-codes.ts';
import { startServer } from './helpers/start-server.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const BLOCKS = [...README.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);

// inside of the package, so that it can import itself, and outside of node_modules, where Node strips no types
const FILE = fileURLToPath(new URL('.readme-example.ts', import.meta.url));

test('has one example of a client', () => {
  expect(BLOCKS).toHaveLength(1);
});

test.each(BLOCKS)('the example of a client runs as it stands', async (code) => {
  const server = await startServer({ instances: [{ instanceId: 'codex', driver: 'scripted' }] });
  writeFileSync(FILE, code);
  onTestFinished(() => rmSync(FILE, { force: true }));
  const env = { ...process.env, URL: server.url, TOKEN: server.token };
  const { stdout } = await promisify(execFile)(process.execPath, [FILE], { env });
  expect(stdout).toBe('whatisinthisfolder?');
});

test('lists the exit codes of the command line', () => {
  const listed = [...README.matchAll(/^\| (\d+)\s+\| /gm)].map(([, code]) => Number(code));
  expect(listed).toEqual(Object.values(EXIT_CODES));
});

test('shows code in its first twelve lines and ends its first screen within forty', () => {
  const lines = README.split('\n');
  expect(lines.findIndex((line) => line.startsWith('```'))).toBeLessThan(12);
  expect(lines.findIndex((line) => line.startsWith('## '))).toBeLessThanOrEqual(40);
});
