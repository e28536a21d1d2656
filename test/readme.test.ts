import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from '../server/cli.ts';
import { EXIT_CODES } from '../server/cli/exit-codes.ts';
import type { ServerAdapters } from '../server/serve.ts';
import { README as GENERATED } from './generate.ts';
import { registeredDrivers } from './helpers/registered-drivers.ts';
import { startServer } from './helpers/start-server.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const BLOCKS = [...README.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);

// inside of the package, so that it can import itself, and outside of node_modules, where Node strips no types
const FILE = fileURLToPath(new URL('.readme-example.ts', import.meta.url));

test('has one example of a client, of under twenty lines', () => {
  expect(BLOCKS).toHaveLength(1);
  expect(BLOCKS[0]?.trimEnd().split('\n').length).toBeLessThan(20);
});

test('has its tables and the chart as npm run generate writes them', () => {
  expect(GENERATED.text()).toBe(README);
  expect(README).toContain('| `drainMs`');
  expect(README).toMatch(/^\| `nativeSteer` /m);
  expect(README).toContain('bound_working --> bound_working_running : $started');
});

test('shows what each driver of the server can do, whoever adds one', async () => {
  const [, part = ''] = README.split('<!-- made from the code: capabilities -->');
  const rows = part.slice(0, part.indexOf('| Capability')).match(/^\| `.*$/gm) ?? [];
  const shown = rows.flatMap((row) => [...row.matchAll(/`([\w-]+)`/g)].map(([, name]) => name ?? ''));
  const drivers = (await registeredDrivers()).map(({ driver }) => driver);
  expect(shown.toSorted()).toEqual(drivers.toSorted());
  expect(shown).toEqual(expect.arrayContaining(['codex', 'claude', 'replay']));
});

test('lists the commands of the program', async () => {
  let help = '';
  const write = (text: string): string => (help += text);
  const parts = {
    adapters: {} as ServerAdapters,
    release: '0',
    streams: { stdout: { write }, stderr: { write } },
  };
  expect(await runCli(['--help'], parts)).toBe(EXIT_CODES.ok);
  const [, list = ''] = help.split('Commands:');
  const commands = [...list.matchAll(/^ {2}(\w+)/gm)]
    .map(([, name]) => name)
    .filter((name) => name !== 'help');
  expect(commands.length).toBeGreaterThan(8);
  const table = README.slice(README.indexOf('| Command '), README.indexOf('| Exit code'));
  const listed = [...table.matchAll(/^\| `(\w+)/gm)].map(([, name]) => name);
  expect(new Set(listed)).toEqual(new Set(commands));
});

test('names tests that are there', () => {
  const named = [...README.matchAll(/`(test\/[\w/-]+)`/g)].map(([, path = '']) => path);
  expect(named.length).toBeGreaterThan(8);
  const isThere = (path: string): boolean =>
    [path, `${path}.test.ts`].some((each) => existsSync(join(ROOT, each)));
  expect(named.filter((path) => !isThere(path))).toEqual([]);
});

test.each(BLOCKS)('the example of a client runs as it stands', async (code) => {
  const server = await startServer({ instances: [{ instanceId: 'codex', driver: 'scripted' }] });
  writeFileSync(FILE, code);
  onTestFinished(() => rmSync(FILE, { force: true }));
  const env = { ...process.env, URL: server.url, TOKEN: server.token };
  // this tree instead of what was last built
  const args = ['--conditions=threadchart-source', FILE];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
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
