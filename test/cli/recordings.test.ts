/** `export` and `replay`, and the recordings that come with the package, as users have them. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codexDriver } from '../../adapters/codex/index.ts';
import { replayDriver } from '../../adapters/replay/index.ts';
import { readRecording } from '../../adapters/replay/recording.ts';
import { runCli } from '../../server/cli.ts';
import { EXIT_CODES } from '../../server/cli/exit-codes.ts';
import { createToken } from '../../server/http/tokens.ts';
import { LiveThread } from '../helpers/live-thread.ts';
import { startServer, type TestServer } from '../helpers/start-server.ts';

const DEMO = { instanceId: 'demo', driver: 'replay', env: { THREADCHART_REPLAY_SCALE: '0' } };

const start = (): Promise<TestServer> =>
  startServer({ instances: [{ instanceId: 'scripted', driver: 'scripted' }, DEMO] }, [
    replayDriver({ drivers: [codexDriver] }),
  ]);

interface Done {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(server: TestServer, ...argv: string[]): Promise<Done> {
  let [out, err] = ['', ''];
  const streams = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
  };
  const place = ['--data', server.config.data, ...(argv[0] === 'replay' ? [] : ['--url', server.url])];
  const code = await runCli([...argv, ...place], { adapters: server.adapters, release: '1.2.3', streams });
  return { code, out, err };
}

/** In the configuration file alone, without a form by which it would be known. */
const CONFIGURED = 'opaque word of an instance';

const fileIn = (server: TestServer, name: string): string => join(server.config.data, name);

/** A coding task of the demo with its approval, settled, and exported. */
async function exported(server: TestServer): Promise<{ file: string; thread: LiveThread }> {
  const thread = await LiveThread.create(await server.client(), { cwd: '/tmp', instanceId: 'demo' });
  const known = `${server.token} and ${CONFIGURED}`;
  const { turnId = '' } = await thread.submit(`mend it, the key is API_KEY=sk-verysecret123456, ${known}`);
  const { requestId } = await thread.request();
  await thread.do({ type: 'request.respond', requestId, decision: 'accept' });
  await thread.ended(turnId);
  await thread.reached('ready');
  const file = fileIn(server, 'thread.ndjson');
  const instance = { instanceId: 'x', driver: 'replay', env: { ANY: CONFIGURED } };
  writeFileSync(fileIn(server, 'config.json'), JSON.stringify({ instances: [instance] }));
  expect(await run(server, 'export', thread.threadId, file)).toMatchObject({ code: EXIT_CODES.ok });
  return { file, thread };
}

describe('export', () => {
  it('writes a thread that replays identically, without its secrets', async () => {
    const server = await start();
    const { file, thread } = await exported(server);
    const text = readFileSync(file, 'utf8');
    for (const secret of ['verysecret', server.token, CONFIGURED]) expect(text).not.toContain(secret);
    expect(text).toContain('API_KEY=[redacted]');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { header, lines } = readRecording(file);
    expect(header).toMatchObject({ driver: 'replay', scenario: thread.threadId });
    expect(header.description).toContain('threadchart 1.2.3');
    const entryCount = lines.filter(({ kind }) => kind === 'entry').length;
    expect(entryCount).toBe(thread.view?.version);
    await server.running().stop(0);
    const replayed = await run(server, 'replay', file);
    expect(replayed).toEqual({ code: EXIT_CODES.ok, out: `${entryCount} entries, identical\n`, err: '' });
  });

  it('has the raw frames that its entries refer to, before them', async () => {
    const server = await start();
    const { lines } = readRecording((await exported(server)).file);
    const known = new Set<string>();
    let referredCount = 0;
    for (const line of lines) {
      if (line.kind === 'logged') known.add(line.ref);
      const refs =
        line.kind === 'entry' ? [...JSON.stringify(line.entry).matchAll(/"rawRef":"([^"]+)"/g)] : [];
      referredCount += refs.length;
      for (const [, ref = ''] of refs) expect(known).toContain(ref);
    }
    expect(referredCount).toBeGreaterThan(5);
    const frames = lines.flatMap((line) => (line.kind === 'logged' ? [line.text] : []));
    expect(frames.join()).toContain('item/commandExecution/requestApproval');
  });

  it('cuts nothing, whatever the length of a text, and writes to stdout without a file', async () => {
    const server = await start();
    const thread = await LiveThread.create(await server.client(), { cwd: '/tmp', instanceId: 'scripted' });
    const long = 'x'.repeat(150_000);
    await thread.turn(`hello ${long}`);
    const { code, out } = await run(server, 'export', thread.threadId);
    expect(code).toBe(EXIT_CODES.ok);
    expect(out).toContain(long);
    const asJson = await run(server, 'export', thread.threadId, '--json');
    expect(asJson.out.slice(0, 200)).toBe(out.slice(0, 200));
    const file = fileIn(server, 'long.ndjson');
    writeFileSync(file, out);
    expect(await run(server, 'replay', file)).toMatchObject({ code: EXIT_CODES.ok });
  });

  it('does not overwrite, needs scope admin, and knows no other thread', async () => {
    const server = await start();
    const { file, thread } = await exported(server);
    const again = await run(server, 'export', thread.threadId, file);
    expect(again).toMatchObject({ code: EXIT_CODES.usage });
    expect(again.err).toContain('exists; an export overwrites nothing');
    const given = { name: 'r', scopes: ['read', 'operate'] as const, createdAt: 0 };
    const { token } = createToken(server.config.data, given);
    const denied = await run(server, 'export', thread.threadId, '--token', token);
    expect(denied).toMatchObject({ code: EXIT_CODES.unauthorized });
    expect(await run(server, 'export', 'nobody')).toMatchObject({ code: EXIT_CODES.refused });
  });
});

describe('export of a fork', () => {
  /** A thread, a fork of it and a fork of that, each with a turn of its own. */
  async function forked(server: TestServer) {
    const client = await server.client();
    const one = await LiveThread.create(client, { cwd: '/tmp', instanceId: 'scripted' });
    await one.turn('apple');
    const fork = async ({ threadId }: LiveThread, word: string): Promise<LiveThread> => {
      const made = await client.dispatch({ type: 'thread.fork', threadId });
      const thread = new LiveThread(client, made.threadId);
      await thread.turn(word);
      return thread;
    };
    const two = await fork(one, 'pear');
    return { client, one, two, three: await fork(two, 'plum') };
  }

  const entriesOf = (file: string) =>
    readRecording(file).lines.flatMap((line) => (line.kind === 'entry' ? [line.entry] : []));

  it('has all that it inherits, to any depth, and nothing that came there later', async () => {
    const server = await start();
    const { one, two, three } = await forked(server);
    await one.turn('cherry');
    await two.turn('melon');
    const file = fileIn(server, 'fork.ndjson');
    const made = await run(server, 'export', three.threadId, file);
    expect(made).toMatchObject({
      code: EXIT_CODES.ok,
      out: expect.stringContaining(' entries of 3 threads in '),
    });
    const entries = entriesOf(file);
    const streams = [...new Set(entries.map(({ stream }) => stream))];
    expect(streams).toEqual([one, two, three].map(({ threadId }) => threadId));
    const sequences = entries.map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    const text = JSON.stringify(entries);
    for (const word of ['apple', 'pear', 'plum']) expect(text).toContain(`"text":"${word}"`);
    for (const word of ['cherry', 'melon']) expect(text).not.toContain(word);
    expect(readRecording(file).header).toMatchObject({ scenario: three.threadId });
    await server.running().stop(0);
    const replayed = await run(server, 'replay', file);
    expect(replayed).toMatchObject({
      code: EXIT_CODES.ok,
      out: `${entries.length} entries of 3 threads, identical\n`,
    });
  });

  it('is replayed thread by thread: what was changed in its source is found there', async () => {
    const server = await start();
    const { one, three } = await forked(server);
    const file = fileIn(server, 'fork.ndjson');
    await run(server, 'export', three.threadId, file);
    const tampered = fileIn(server, 'tampered.ndjson');
    const text = readFileSync(file, 'utf8');
    writeFileSync(tampered, text.replace(/("type":"turn\.submit".*?"text":")/, '$1other '));
    const { code, out } = await run(server, 'replay', tampered);
    expect(code).toBe(EXIT_CODES.differs);
    expect(out).toMatch(
      new RegExp(`^entry \\d+ of \\d+ of thread ${one.threadId} \\(turn\\.submit\\) comes out otherwise`),
    );
  });

  it('has what it inherits of a deleted source, until that is purged', async () => {
    const server = await start();
    const { client, one, two } = await forked(server);
    await one.do({ type: 'thread.delete' });
    await one.fact('thread.deleted');
    const streams = async (name: string): Promise<string[]> => {
      const file = fileIn(server, name);
      expect(await run(server, 'export', two.threadId, file)).toMatchObject({ code: EXIT_CODES.ok });
      expect(await run(server, 'replay', file)).toMatchObject({ code: EXIT_CODES.ok });
      return [...new Set(entriesOf(file).map(({ stream }) => stream))];
    };
    expect(await streams('deleted.ndjson')).toEqual([one.threadId, two.threadId]);
    await client.call('store.purge', { threadIds: [one.threadId] });
    expect(await streams('purged.ndjson')).toEqual([two.threadId]);
  });

  it('goes over many pages', async () => {
    const server = await start();
    const { client, one } = await forked(server);
    for (let count = 0; count < 250; count += 1)
      await one.do({ type: 'thread.setTitle', title: String(count) });
    const { threadId } = await client.dispatch({ type: 'thread.fork', threadId: one.threadId });
    for (let count = 0; count < 210; count += 1)
      await client.dispatch({ type: 'thread.setTitle', threadId, title: String(count) });
    const file = fileIn(server, 'long.ndjson');
    expect(await run(server, 'export', threadId, file)).toMatchObject({ code: EXIT_CODES.ok });
    const own = entriesOf(file).filter(({ stream }) => stream === threadId);
    expect(own.map(({ version }) => version)).toEqual(own.map((_, index) => index + 1));
    expect(own.length).toBeGreaterThan(210);
    expect(await run(server, 'replay', file)).toMatchObject({ code: EXIT_CODES.ok });
  });
});

describe('replay', () => {
  it('prints the first entry that comes out otherwise, expected and actual', async () => {
    const server = await start();
    const { file } = await exported(server);
    const tampered = fileIn(server, 'tampered.ndjson');
    const text = readFileSync(file, 'utf8');
    writeFileSync(tampered, text.replaceAll('"outcome":"completed"', '"outcome":"interrupted"'));
    const { code, out } = await run(server, 'replay', tampered);
    expect(code).toBe(EXIT_CODES.differs);
    expect(out).toMatch(
      /^entry \d+ of \d+ \([\w.]+\) comes out otherwise than with charts \w+\n {2}expected .*\n {2}actual {3}/,
    );
    const asJson = await run(server, 'replay', tampered, '--json');
    const { difference } = JSON.parse(asJson.out) as { difference: { expected: unknown; actual: unknown } };
    expect(JSON.stringify(difference.expected)).not.toBe(JSON.stringify(difference.actual));
  });

  it.each([
    ['a text that was streamed', /("type":"item\.delta"[^}]*"text":")/, '$1other '],
    ['a prompt', /("type":"turn\.submit".*?"text":")/, '$1other '],
    ['a base', /("type":"thread\.based".*?"cwd":")/, '$1/other'],
  ])('finds that %s was changed', async (_, pattern, replacement) => {
    const server = await start();
    const { file } = await exported(server);
    const text = readFileSync(file, 'utf8');
    const changed = text.replace(pattern, replacement);
    expect(changed).not.toBe(text);
    const tampered = fileIn(server, 'tampered.ndjson');
    writeFileSync(tampered, changed);
    expect(await run(server, 'replay', tampered)).toMatchObject({ code: EXIT_CODES.differs });
  });

  it.each([
    ['a torn file', (text: string) => text.slice(0, -30), /line \d+: /],
    ['a newer format', (text: string) => text.replace('"format":1', '"format":2'), /line 1: its format 2/],
    ['no journal', (text: string) => text.replaceAll(/.*"kind":"(entry|logged)".*\n/g, ''), /line \d+: /],
  ])('refuses %s with its line', async (_, change, message) => {
    const server = await start();
    const { file } = await exported(server);
    const broken = fileIn(server, 'broken.ndjson');
    writeFileSync(broken, change(readFileSync(file, 'utf8')));
    const { code, err } = await run(server, 'replay', broken);
    expect(code).toBe(EXIT_CODES.usage);
    expect(err).toMatch(message);
    expect(await run(server, 'replay', fileIn(server, 'none.ndjson'))).toMatchObject({
      code: EXIT_CODES.usage,
    });
  });
});
