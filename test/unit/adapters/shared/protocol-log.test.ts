import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  openProtocolLog,
  type ProtocolLog,
  type ProtocolLogOptions,
} from '../../../../adapters/shared/protocol-log.ts';
import { until } from '../../../helpers/until.ts';

let root = '';
let folder = '';
const open: ProtocolLog[] = [];
const errors: unknown[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'protocol-log-'));
  folder = join(root, 'logs');
  errors.length = 0;
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((log) => log.close()));
  await rm(root, { recursive: true, force: true });
});

async function start(options: Partial<ProtocolLogOptions> = {}): Promise<ProtocolLog> {
  const log = await openProtocolLog({
    folder,
    name: 'codex',
    onError: (error) => void errors.push(error),
    ...options,
  });
  open.push(log);
  return log;
}

const files = async (): Promise<string[]> => (await readdir(folder)).toSorted();
const linesOf = async (file: string): Promise<string[]> =>
  (await readFile(join(folder, file), 'utf8')).split('\n').filter((line) => line !== '');

describe('a protocol log', () => {
  it('gives each frame back by its reference, before and after it is on disk', async () => {
    const log = await start();
    const frames = ['{"id":1}', 'not JSON \u{1F600}', ''];
    const references = frames.map((frame) => log.append('in', frame));
    expect(references[0]).toBe('codex.1:0');
    const early = await Promise.all(references.map((reference) => log.read(reference)));
    expect(early.map((found) => found?.frame)).toEqual(frames);
    expect(early[0]).toMatchObject({ direction: 'in', cutLength: 0 });
    expect(early[0]?.at).toBeGreaterThan(Date.now() - 10_000);
    expect((await log.read(log.append('out', 'later')))?.direction).toBe('out');
  });

  it('writes one JSON line a frame, redacted', async () => {
    const log = await start();
    log.append('out', '{"headers":{"authorization":"Bearer abc.def"}}');
    await log.flush();
    const [line = ''] = await linesOf('codex.1.ndjson');
    expect(JSON.parse(line)).toMatchObject({ frame: '{"headers":{"authorization":"[redacted]"}}' });
  });

  it('keeps others out', async () => {
    const log = await start();
    log.append('in', 'x');
    await log.flush();
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, 'codex.1.ndjson'))).mode & 0o777).toBe(0o600);
  });

  it('cuts a long frame and says by how much', async () => {
    const log = await start();
    const found = await log.read(log.append('in', 'x'.repeat(300 * 1024)));
    expect([found?.frame.length, found?.cutLength]).toEqual([256 * 1024, 44 * 1024]);
  });

  it('goes on after a restart where the last start ended, half a line included', async () => {
    const first = await start();
    const reference = first.append('in', 'first');
    await first.close();
    const half = '{"at":1,"direction":"in","fra';
    await writeFile(join(folder, 'codex.1.ndjson'), half, { flag: 'a' });
    const second = await start();
    const later = second.append('in', 'second');
    expect((await second.read(later))?.frame).toBe('second');
    expect((await second.read(reference))?.frame).toBe('first');
    expect(later.startsWith('codex.1:')).toBe(true);
  });
});

describe('rotation', () => {
  it('keeps each file below its size and deletes the oldest', async () => {
    const log = await start({ maxFileBytes: 500, maxFileCount: 3 });
    const references = Array.from({ length: 40 }, (_, number) =>
      log.append('in', `frame ${number}`.padEnd(100, '.')),
    );
    await log.flush();
    const kept = await files();
    expect(kept).toHaveLength(3);
    const sizes = await Promise.all(kept.map(async (file) => (await stat(join(folder, file))).size));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
    expect(await log.read(references[0] ?? '')).toBeNull();
    expect((await log.read(references[39] ?? ''))?.frame).toContain('frame 39');
  });

  it('puts a frame that is larger than a file into one of its own', async () => {
    const log = await start({ maxFileBytes: 50 });
    const references = ['a', 'b'].map((frame) => log.append('in', frame.repeat(200)));
    expect(references).toEqual(['codex.1:0', 'codex.2:0']);
    expect((await log.read('codex.2:0'))?.frame).toBe('b'.repeat(200));
  });

  it('leaves a file after a day, and deletes it two weeks after its last frame', async () => {
    const day = 86_400_000;
    let now = Date.now();
    const log = await start({ now: () => now });
    const first = log.append('in', 'first');
    now += day - 1;
    log.append('in', 'same day');
    now += 2;
    expect(log.append('in', 'next day')).toBe('codex.2:0');
    await log.flush();
    expect(await files()).toEqual(['codex.1.ndjson', 'codex.2.ndjson']);
    expect((await log.read(first))?.frame).toBe('first');
    // the files are as old as the disk says
    now += 14 * day;
    log.append('in', 'long after');
    await log.flush();
    expect(await files()).toEqual(['codex.3.ndjson']);
    expect(await log.read(first)).toBeNull();
  });

  it('begins a new file where the last start left an old one, and deletes what instances of once have left', async () => {
    const old = await start({ name: 'gone' });
    old.append('in', 'theirs');
    await old.flush();
    const before = await start();
    before.append('in', 'before');
    await before.flush();
    const later = { now: () => Date.now() + 2 * 86_400_000 };
    const next = await start(later);
    expect(next.append('in', 'after')).toBe('codex.2:0');
    expect(await files()).toEqual(['codex.1.ndjson', 'gone.1.ndjson']);
    await next.flush();
    const last = await start({ now: () => Date.now() + 15 * 86_400_000 });
    expect(await files()).toEqual([]);
    expect(last.append('in', 'alone')).toBe('codex.3:0');
  });

  it('writes everything before it closes', async () => {
    const log = await start({ maxFileBytes: 2_000 });
    for (let number = 0; number < 50; number += 1) log.append('out', `frame ${number}`);
    await log.close();
    const lines = (await Promise.all((await files()).map(linesOf))).flat();
    expect(lines).toHaveLength(50);
  });

  it('leaves the files of other instances alone', async () => {
    const other = await start({ name: 'codex-work' });
    other.append('in', 'theirs');
    await other.flush();
    const log = await start({ maxFileBytes: 10, maxFileCount: 1 });
    for (const frame of ['a', 'b', 'c']) log.append('in', frame);
    await log.flush();
    expect(await files()).toEqual(['codex-work.1.ndjson', 'codex.3.ndjson']);
    expect(await log.read('codex-work.1:0')).toBeNull();
  });
});

describe('the bounds', () => {
  it('drops frames while too much waits for the disk, and notes how many', async () => {
    const log = await start({ maxBufferedBytes: 1000 });
    const references = Array.from({ length: 50 }, () => log.append('in', 'x'.repeat(100)));
    const keptCount = references.filter((reference) => reference !== '').length;
    expect(keptCount).toBeLessThan(12);
    expect(await log.read('')).toBeNull();
    await log.flush();
    const lines = await linesOf('codex.1.ndjson');
    expect(lines).toHaveLength(keptCount + 1);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ droppedCount: 50 - keptCount });
    expect((await log.read(log.append('in', 'again')))?.frame).toBe('again');
  });

  it('writes much at once, and little after a pause', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const log = await start();
      const lineCount = (): Promise<number> =>
        linesOf('codex.1.ndjson').then(
          ({ length }) => length,
          () => 0,
        );
      for (let count = 0; count < 3; count += 1) log.append('in', 'x'.repeat(100_000));
      await until(async () => (await lineCount()) === 3);
      await log.flush();
      log.append('in', 'a little more');
      await vi.advanceTimersByTimeAsync(99);
      expect(await lineCount()).toBe(3);
      await vi.advanceTimersByTimeAsync(1);
      await until(async () => (await lineCount()) === 4);
    } finally {
      vi.useRealTimers();
    }
  });

  it('survives a disk that refuses, and writes the next frames where they belong', async () => {
    const log = await start();
    await rm(folder, { recursive: true });
    const lost = log.append('in', 'lost');
    await log.flush();
    expect(errors).toHaveLength(1);
    const revived = await start();
    const kept = log.append('in', 'kept');
    expect((await log.read(kept))?.frame).toBe('kept');
    expect(await log.read(lost)).toBeNull();
    await revived.close();
  });

  it.each(['', 'codex.1', '../x.1:0', 'codex.1:-1', 'codex.99:0', 'codex.1:3'])(
    'finds nothing at %s',
    async (reference) => {
      const log = await start();
      log.append('in', 'x');
      expect(await log.read(reference)).toBeNull();
    },
  );

  it('refuses a name that leads out of its folder', async () => {
    await expect(start({ name: '../codex' })).rejects.toThrow('not fit for a file');
  });
});
