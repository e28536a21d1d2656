import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openJournal } from '../../adapters/sqlite/index.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import { runCli } from '../../server/cli.ts';
import { EXIT_CODES } from '../../server/cli/exit-codes.ts';
import { writeServerFile } from '../../server/cli/server-file.ts';
import { checkJournal } from '../helpers/check-journal.ts';
import { startServer, type TestServer } from '../helpers/start-server.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { until } from '../helpers/until.ts';

const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(64, 7)]);
const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function run(server: TestServer, ...argv: readonly string[]) {
  let [out, err] = ['', ''];
  const streams = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
  };
  const place = ['--data', server.config.data];
  const parts = { adapters: server.adapters, release: '1.2.3', streams };
  return { code: await runCli([...argv, ...place], parts), out, err };
}

function tempFolder(): string {
  const folder = makeTempFolder();
  onTestFinished(() => folder.remove());
  return folder.path;
}

/** A server with what `threadchart serve` leaves for other commands. */
async function start(given: Record<string, unknown> = {}): Promise<TestServer> {
  const server = await startServer(given);
  const { tokenFile } = server.running();
  writeServerFile(server.config.data, { url: server.url, pid: process.pid, tokenFile });
  return server;
}

async function say(server: TestServer, threadId: string, prompt: Record<string, unknown>): Promise<void> {
  const client = await server.client();
  await client.dispatch({ type: 'turn.submit', threadId, text: 'say', ...prompt });
  const { reads } = server.running().runtime;
  await until(() => reads.row(threadId as never)?.status === 'ready', { describe: () => threadId });
}

async function create(server: TestServer, threadId: string): Promise<void> {
  const client = await server.client();
  const place = { cwd: server.config.data, instanceId: 'scripted' };
  await client.dispatch({ type: 'thread.create', threadId, title: `title of ${threadId}`, ...place });
}

async function remove(server: TestServer, threadId: string): Promise<void> {
  const client = await server.client();
  await client.dispatch({ type: 'thread.delete', threadId });
  const { reads } = server.running().runtime;
  await until(() => reads.deletedThreads(Number.MAX_SAFE_INTEGER, 9).includes(threadId as never), {
    describe: () => `${threadId} is deleted`,
  });
}

function addAttachment(server: TestServer, bytes: Buffer): string {
  const folder = join(server.config.data, 'attachments');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const id = hashOf(bytes);
  writeFileSync(join(folder, id), bytes, { mode: 0o600 });
  return id;
}

function openAt(folder: string): Journal {
  const journal = openJournal({ folder, now: () => 1, makeEpoch: () => 'restored' });
  onTestFinished(() => journal.close());
  return journal;
}

describe('backup', () => {
  test('of a running server is whole: it restores, and its rows are those of its journal', async () => {
    const server = await start();
    const attachment = addAttachment(server, PNG);
    writeFileSync(join(server.config.data, 'config.json'), '{"port": 4848}');
    for (const id of ['t1', 't2']) {
      await create(server, id);
      await say(server, id, { text: 'one two open say', attachments: [attachment] });
    }
    const file = join(tempFolder(), 'backup.tar');
    const made = await run(server, 'backup', file, '--json');
    expect(made).toMatchObject({ code: EXIT_CODES.ok, err: '' });
    expect(JSON.parse(made.out)).toEqual({ file, sizeBytes: statSync(file).size, attachmentCount: 1 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect([existsSync(`${file}.part`), existsSync(`${file}.part.db`)]).toEqual([false, false]);

    const restored = tempFolder();
    execFileSync('tar', ['-xpf', file, '-C', restored]);
    expect(readFileSync(join(restored, 'config.json'), 'utf8')).toBe('{"port": 4848}');
    expect(hashOf(readFileSync(join(restored, 'attachments', attachment)))).toBe(attachment);
    expect(existsSync(join(restored, 'token'))).toBe(false);
    const journal = openAt(restored);
    checkJournal(journal);
    const { reads } = server.running().runtime;
    expect(journal.listThreads({ limit: 9 }).rows).toEqual(reads.listThreads({ limit: 9 }).rows);
    expect(journal.items('t1' as never, null, 99)).toEqual(
      reads.snapshot('t1' as never, { before: null, limit: 99 }).snapshot.items,
    );
  });

  test('overwrites nothing, and needs no server but a database', async () => {
    const server = await start();
    await create(server, 't1');
    await server.running().stop(0);
    const folder = tempFolder();
    const file = join(folder, 'backup.tar');
    expect((await run(server, 'backup', file)).code).toBe(EXIT_CODES.ok);
    const bytes = readFileSync(file);
    const again = await run(server, 'backup', file);
    expect(again).toMatchObject({ code: EXIT_CODES.usage });
    expect(again.err).toContain('overwrites nothing');
    expect(readFileSync(file).equals(bytes)).toBe(true);
    const parts = { adapters: server.adapters, release: '1' };
    const none = ['backup', join(folder, 'other.tar'), '--data', tempFolder(), '--json'];
    const quiet = { stdout: { write: () => {} }, stderr: { write: () => {} } };
    expect(await runCli(none, { ...parts, streams: quiet })).toBe(EXIT_CODES.storeFailed);
    expect(existsSync(join(folder, 'other.tar'))).toBe(false);
  });

  test('of a damaged database is refused, and leaves nothing', async () => {
    const server = await start();
    await create(server, 't1');
    await server.running().stop(0);
    const path = join(server.config.data, 'threadchart.db');
    const bytes = readFileSync(path);
    bytes.fill(0x5a, 5 * 4096, 9 * 4096);
    writeFileSync(path, bytes);
    const file = join(tempFolder(), 'backup.tar');
    const made = await run(server, 'backup', file, '--json');
    expect(made.code).toBe(EXIT_CODES.storeFailed);
    expect(JSON.parse(made.out)).toMatchObject({ error: { code: 'STORE_CORRUPT' } });
    expect([file, `${file}.part`, `${file}.part.db`].filter(existsSync)).toEqual([]);
  });
});

describe('compact', () => {
  test('is refused while the server runs, and says what it has won when it does not', async () => {
    const server = await start();
    await create(server, 't1');
    for (let turn = 0; turn < 5; turn += 1) await say(server, 't1', { text: 'long '.repeat(40) });
    const refused = await run(server, 'compact', '--json');
    expect(refused.code).toBe(EXIT_CODES.inUse);
    expect(JSON.parse(refused.out)).toMatchObject({
      error: { code: 'STORE_LOCKED', message: expect.stringContaining('stop it first') as string },
    });
    await server.running().stop(0);
    const done = await run(server, 'compact', '--json');
    expect(done.code).toBe(EXIT_CODES.ok);
    const { beforeBytes, afterBytes } = JSON.parse(done.out) as Record<string, number>;
    expect(afterBytes).toBe(statSync(join(server.config.data, 'threadchart.db')).size);
    expect(afterBytes).toBeLessThan(beforeBytes ?? 0);
    const journal = openAt(server.config.data);
    const entries = journal.readThread('t1' as never, 0, { limit: 10_000, deltas: true });
    expect(entries.filter((entry) => entry.kind === 'delta')).toEqual([]);
    checkJournal(journal);
  });
});

describe('purge', () => {
  const SECRET = 'Xanadu';

  function filesWith(folder: string, text: string): string[] {
    const files = ['threadchart.db', 'threadchart.db-wal'].filter((name) => existsSync(join(folder, name)));
    return files.filter((name) => readFileSync(join(folder, name)).includes(text));
  }

  /** Two threads whose rows and pages lie between each other. */
  async function startWithSecrets(): Promise<{ server: TestServer; own: string; shared: string }> {
    const server = await start({ deltaRetentionMs: 0 });
    const own = addAttachment(server, PNG);
    const shared = addAttachment(server, Buffer.concat([PNG, PNG]));
    for (const id of ['t1', 't2']) await create(server, id);
    for (let turn = 0; turn < 8; turn += 1) {
      await say(server, 't1', {
        text: `${SECRET}${turn} `.repeat(20 + turn * 9),
        attachments: [own, shared],
      });
      await say(server, 't2', { text: `plain${turn} `.repeat(30), attachments: [shared] });
    }
    return { server, own, shared };
  }

  test('through the server takes every trace of the thread from the files, and its own attachments', async () => {
    const { server, own, shared } = await startWithSecrets();
    const { data } = server.config;
    expect((await run(server, 'purge', 't1', '--json')).out).toContain('THREAD_NOT_DELETED');
    await remove(server, 't1');
    expect(filesWith(data, SECRET)).not.toEqual([]);
    const done = await run(server, 'purge', 't1', '--json');
    expect(done).toMatchObject({ code: EXIT_CODES.ok, out: '{"threadId":"t1"}\n' });
    expect(filesWith(data, SECRET)).toEqual([]);
    expect(filesWith(data, 'title of t1')).toEqual([]);
    expect(filesWith(data, 'plain7')).not.toEqual([]);
    expect([own, shared].map((id) => existsSync(join(data, 'attachments', id)))).toEqual([false, true]);
    await say(server, 't2', { text: 'still there' });
    const client = await server.client();
    await expect(client.dispatch({ type: 'turn.submit', threadId: 't1', text: 'x' })).rejects.toMatchObject({
      code: 'THREAD_DELETED',
    });
  });

  test('without a server takes all that were deleted so long ago', async () => {
    const { server, own } = await startWithSecrets();
    await remove(server, 't1');
    await server.running().stop(0);
    const { data } = server.config;
    const young = await run(server, 'purge', '--deleted', '--older-than', '1');
    expect(young).toMatchObject({ code: EXIT_CODES.ok, out: '', err: 'there is nothing to purge\n' });
    expect(filesWith(data, SECRET)).not.toEqual([]);
    const done = await run(server, 'purge', '--deleted');
    expect(done).toMatchObject({ code: EXIT_CODES.ok, out: 'purged t1\n' });
    expect(filesWith(data, SECRET)).toEqual([]);
    expect(existsSync(join(data, 'attachments', own))).toBe(false);
    checkJournal(openAt(data), { purged: ['t1' as never] });
  });

  test('says what is wrong with its arguments', async () => {
    const server = await start();
    for (const argv of [[], ['t1', '--deleted'], ['t1', '--older-than', '3'], ['no id!']]) {
      expect([argv, (await run(server, 'purge', ...argv)).code]).toEqual([argv, EXIT_CODES.usage]);
    }
    expect((await run(server, 'purge', '--deleted', '--older-than', 'soon')).code).toBe(EXIT_CODES.usage);
    expect((await run(server, 'purge', 'unknown')).code).toBe(EXIT_CODES.refused);
  });
});
