import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { configFileSchema } from '../../server/config.ts';
import { EXIT_CODES } from '../../server/cli/exit-codes.ts';
import { CliRun } from '../helpers/cli-run.ts';
import { startServer, type TestServer } from '../helpers/start-server.ts';
import { until } from '../helpers/until.ts';

const ESCAPE = '\u001B[';

async function makeThread(server: TestServer, title: string): Promise<string> {
  const client = await server.client();
  const { data: cwd } = server.config;
  const { threadId } = await client.dispatch({ type: 'thread.create', cwd, instanceId: 'scripted', title });
  return threadId;
}
async function outOf(server: TestServer, ...argv: string[]): Promise<string> {
  const run = new CliRun(server, argv);
  expect(await run.code).toBe(EXIT_CODES.ok);
  return run.out;
}
const jsonOf = <Document>(text: string): Document[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Document);

describe('ls', () => {
  test('says so where there is no thread', async () => {
    const run = new CliRun(await startServer(), ['ls']);
    expect(await run.code).toBe(EXIT_CODES.ok);
    expect([run.out, run.err]).toEqual(['', 'no threads\n']);
  });

  test('shows a line for each thread, the latest change first', async () => {
    const server = await startServer();
    await makeThread(server, 'first');
    const asking = new CliRun(server, ['send', 'ask after']);
    await asking.says('threadchart answer');
    const [head = '', ...lines] = (await outOf(server, 'ls')).trimEnd().split('\n');
    expect(head).toMatch(/^ID +STATUS +ASKS +INSTANCE +CHANGED +TITLE$/);
    expect(lines[0]).toMatch(/^\w+ +running +1 +scripted +\d+ s ago +ask after$/);
    expect(lines[1]).toMatch(/^\w+ +ready +scripted +\d+ s ago +first$/);
    asking.pressCtrlC();
    await asking.code;
  });

  test('takes status, query and archived as filters', async () => {
    const server = await startServer();
    const [one, other] = [await makeThread(server, 'red fish'), await makeThread(server, 'blue fish')];
    const client = await server.client();
    await client.dispatch({ type: 'thread.archive', threadId: other });
    const ids = async (...flags: string[]) =>
      jsonOf<{ id: string }>((await outOf(server, 'ls', '--json', ...flags)) || '[]').map(({ id }) => id);
    expect(await ids()).toEqual([one]);
    expect(await ids('--archived')).toEqual([other]);
    expect(await ids('--query', 'RED')).toEqual([one]);
    expect(await ids('--status', 'ready')).toEqual([one]);
    expect(await outOf(server, 'ls', '--status', 'error')).toBe('');
    expect(await new CliRun(server, ['ls', '--status', 'busy']).code).toBe(EXIT_CODES.usage);
  });

  test('goes through all pages', async () => {
    const server = await startServer();
    const client = await server.client();
    const { data: cwd } = server.config;
    const make = () => client.dispatch({ type: 'thread.create', cwd, instanceId: 'scripted' });
    const made = await Promise.all(Array.from({ length: 205 }, make));
    const rows = jsonOf<{ id: string }>(await outOf(server, 'ls', '--json'));
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(made.map(({ threadId }) => threadId)));
  });

  test('fits the terminal and lets no title move its cursor', async () => {
    const server = await startServer();
    await makeThread(server, `${ESCAPE}2Jlong\n${'x'.repeat(190)}`);
    const run = new CliRun(server, ['ls'], { isTTY: true });
    await run.code;
    const [, line = ''] = run.out.split('\n');
    expect(line).toHaveLength(80 + `${ESCAPE}32m${ESCAPE}39m`.length);
    expect(line).toContain('  long xx');
    expect(line.split(ESCAPE)).toHaveLength(3);
  });
});

describe('colours', () => {
  const seen = async (isTTY: boolean, env: Record<string, string>): Promise<boolean> => {
    const server = await startServer();
    await makeThread(server, 'one');
    const run = new CliRun(server, ['ls'], { isTTY, env });
    await run.code;
    return run.out.includes(ESCAPE);
  };

  test.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
    [false, { FORCE_COLOR: '1' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ])('on a terminal: %j, environment %j: %j', async (isTTY, env, isExpected) => {
    expect(await seen(isTTY, env)).toBe(isExpected);
  });
});

describe('why', () => {
  test('says what a thread waits for, from whom, until when and what to run', async () => {
    const server = await startServer();
    const send = new CliRun(server, ['send', 'ask after']);
    await send.says('threadchart answer');
    const [, thread = '', request = ''] = /threadchart answer (\S+) (\S+)/.exec(send.err) ?? [];
    const text = await outOf(server, 'why', thread);
    expect(text).toMatch(new RegExp(`^${thread} is running\nmay it run rm -rf build\n  waits for  you\n`));
    expect(text).toMatch(/ {2}since {6}\d\d:\d\d:\d\d \(\d+ s\)\n/);
    expect(text).toMatch(new RegExp(`\n  run {8}(npx )?threadchart answer ${thread} ${request} accept`));
    send.pressCtrlC();
    await send.code;
    const [told] = jsonOf<{ why: unknown[] }>(await outOf(server, 'why', thread, '--json'));
    expect(told).toMatchObject({ threadId: thread, status: 'interrupted' });
    // what it left in the files may still be captured beside that
    expect(told?.why[0]).toMatchObject({
      what: 'the last turn was interrupted by a person',
      from: 'person',
      endedBy: null,
    });
  });

  test('names the deadline of a turn that runs', async () => {
    const server = await startServer();
    const send = new CliRun(server, ['send', 'hello wait']);
    await until(() => send.out.includes('hello'));
    const thread = /^thread (\S+)/.exec(send.err)?.[1] ?? '';
    const text = await outOf(server, 'why', thread);
    expect(text).toMatch(/scripted works on the turn\n {2}waits for {2}scripted\n/);
    expect(text).toMatch(
      /ends {7}in (10 m|9 m \d+ s) of silence: the turn is interrupted .* \(turn\.stalled\)/,
    );
    send.pressCtrlC();
    await send.code;
  });

  test('is refused for a thread that is not there', async () => {
    const run = new CliRun(await startServer(), ['why', 'nobody']);
    expect(await run.code).toBe(EXIT_CODES.refused);
    expect(run.err).toContain('(THREAD_NOT_FOUND)');
  });
});

describe('config', () => {
  const SECRET = 'sk-123';

  async function withFile(): Promise<TestServer> {
    const server = await startServer();
    const instances = [{ instanceId: 'work', driver: 'codex', env: { OPENAI_API_KEY: SECRET } }];
    const file = { $schema: './schema.json', drainMs: 1, instances };
    writeFileSync(join(server.config.data, 'config.json'), JSON.stringify(file));
    return server;
  }

  test('is printed with where each value comes from, and without secrets', async () => {
    const server = await withFile();
    const text = await outOf(server, 'config', 'print', '--port', '1234');
    expect(text).toMatch(/^port = 1234 {2}# flag --port$/m);
    expect(text).toMatch(/^drainMs = 1 {2}# file .*config\.json$/m);
    expect(text).toMatch(/^logLevel = "info" {2}# default$/m);
    expect(text).toMatch(/^data = ".*" {2}# flag --data$/m);
    expect(text).toContain('"OPENAI_API_KEY":"(set)"');
    const json = await outOf(server, 'config', 'print', '--json');
    expect(jsonOf<object>(json)[0]).toMatchObject({
      config: { drainMs: 1, instances: [{ instanceId: 'work', env: { OPENAI_API_KEY: '(set)' } }] },
      origins: { drainMs: { from: 'file' }, port: { from: 'default' } },
    });
    expect(text + json).not.toContain(SECRET);
  });

  test('has a schema that knows every key and takes what the server takes', async () => {
    const [schema] = jsonOf<Record<string, unknown>>(
      await outOf(await withFile(), 'config', 'schema', '--json'),
    );
    const keys = Object.keys((schema?.['properties'] ?? {}) as object);
    expect(keys).toEqual(Object.keys(configFileSchema.shape));
    const again = z.fromJSONSchema(schema as never);
    expect(again.safeParse({ $schema: 'x', port: 1 }).success).toBe(true);
    expect(again.safeParse({ prot: 1 }).success).toBe(false);
  });
});
