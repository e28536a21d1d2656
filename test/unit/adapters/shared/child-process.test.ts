import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import { afterEach, describe, expect, it } from 'vitest';
import { spawnChild, type OwnedChild } from '../../../../adapters/shared/child-process.ts';
import { listMarked, processStartTime, ProcessTree } from '../../../../adapters/shared/process-tree.ts';
import { ChildLines } from '../../../helpers/child-lines.ts';

const FIXTURES = join(import.meta.dirname, '..', '..', '..', 'fixtures');
const SHORT = { askTimeoutMs: 100, termTimeoutMs: 200 };

const started: OwnedChild[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((child) => child.end({ askTimeoutMs: 0, termTimeoutMs: 0 })));
});

async function start(fixture: string, ...args: string[]): Promise<OwnedChild> {
  const child = await spawnChild({
    command: process.execPath,
    args: [join(FIXTURES, fixture), ...args],
    cwd: FIXTURES,
    env: { PATH: process.env['PATH'] ?? '' },
    marker: nanoid(),
  });
  started.push(child);
  return child;
}

async function startShell(script: string): Promise<OwnedChild> {
  const env = { PATH: process.env['PATH'] ?? '' };
  const child = await spawnChild({
    command: '/bin/sh',
    args: ['-c', script],
    cwd: '/',
    env,
    marker: nanoid(),
  });
  started.push(child);
  return child;
}

const markedPids = async (child: OwnedChild): Promise<number[]> =>
  (await listMarked(child.identity.marker)).map(({ pid }) => pid);

describe('spawnChild', () => {
  it('gives the child a group of its own, the environment asked for and the marker', async () => {
    const child = await startShell('echo $(ps -o pgid= -p $$) $THREADCHART_MARKER $HOME-; cat');
    const line = await new ChildLines(child).next();
    expect(line).toBe(`${child.identity.pid} ${child.identity.marker} -`);
    expect(await listMarked(child.identity.marker)).toContainEqual(child.identity);
  });

  it('reports the code or the signal of the exit', async () => {
    expect(await (await startShell('exit 7')).exited).toEqual({ code: 7, signal: null });
    expect(await (await startShell('kill -KILL $$')).exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('gives all output, also when nobody listened before the exit', async () => {
    const child = await startShell('echo one; echo two; echo broken >&2');
    await child.exited;
    const lines = new ChildLines(child);
    expect([await lines.next(), await lines.next()]).toEqual(['one', 'two']);
    await child.closed;
    expect(child.stderrTail).toBe('broken\n');
  });

  it('keeps the end of a long stderr', async () => {
    const child = await startShell('head -c 100000 /dev/zero | tr "\\0" x >&2; echo last >&2');
    child.resume();
    await child.closed;
    expect([child.stderrTail.length, child.stderrTail.slice(-6)]).toEqual([16_384, 'xlast\n']);
  });

  it('rejects for a command that is not there and for a marker that is no word', async () => {
    const request = { command: '/nowhere/agent', args: [], cwd: '/', env: {}, marker: 'word' };
    await expect(spawnChild(request)).rejects.toThrow('ENOENT');
    await expect(spawnChild({ ...request, marker: 'two words' })).rejects.toThrow('is not a word');
  });

  it('says that a write was not taken when the child is gone', async () => {
    const child = await startShell('exit 0');
    child.resume();
    await child.closed;
    expect(child.write('too late\n')).toBe(false);
  });
});

describe('writing stdin', () => {
  it('tells when the child does not keep up, and when it takes more', async () => {
    const child = await startShell('read line; cat > /dev/null');
    expect(child.write('small\n')).toBe(true);
    const drained = new Promise<void>((resolve) => child.onDrain(resolve));
    expect(child.write('x'.repeat(4_000_000))).toBe(false);
    expect(child.stdinBufferedBytes).toBeGreaterThan(1_000_000);
    await drained;
    expect(child.stdinBufferedBytes).toBe(0);
  });
});

describe('reading stdout', () => {
  it('halts a child that floods while paused, and loses nothing', async () => {
    const child = await start('flooding-child.mjs');
    const lines = new ChildLines(child);
    await lines.next();
    child.pause();
    // A second process's start is time enough for a flood to go on, if it does.
    const countBefore = lines.count;
    await (await start('stubborn-child.mjs')).end({ askTimeoutMs: 50, termTimeoutMs: 0 });
    expect(lines.count).toBe(countBefore);
    child.resume();
    for (let number = 1; number < 2000; number += 1) {
      expect(JSON.parse(await lines.next())).toMatchObject({ number });
    }
  });
});

describe('ending a child', () => {
  it('asks first, by the end of stdin', async () => {
    const child = await startShell('cat >/dev/null; exit 3');
    expect(await child.end()).toEqual({ outcome: 'gone', signal: null });
    expect(await child.exited).toEqual({ code: 3, signal: null });
    expect(await markedPids(child)).toEqual([]);
  });

  it('still gives what the child says while it ends', async () => {
    const child = await startShell('cat >/dev/null; echo goodbye');
    const lines = new ChildLines(child);
    child.pause();
    await child.end();
    expect(await lines.next()).toBe('goodbye');
  });

  it('sends SIGTERM to a child that does not end when asked', async () => {
    const child = await startShell('echo ready; exec sleep 1000');
    await new ChildLines(child).next();
    expect(await child.end(SHORT)).toEqual({ outcome: 'gone', signal: 'SIGTERM' });
    expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('kills a child that ignores SIGTERM', async () => {
    const child = await start('stubborn-child.mjs');
    await new ChildLines(child).next();
    expect(await child.end(SHORT)).toEqual({ outcome: 'gone', signal: 'SIGKILL' });
    expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(await processStartTime(child.identity.pid)).toBeNull();
  });

  it('ends a child that is stopped', async () => {
    const child = await startShell('echo ready; kill -STOP $$');
    await new ChildLines(child).next();
    expect(await child.end(SHORT)).toMatchObject({ outcome: 'gone' });
  });

  it('is the same ending when asked twice', async () => {
    const child = await start('stubborn-child.mjs');
    await new ChildLines(child).next();
    const endings = [child.end(SHORT), child.end(SHORT)];
    expect(new Set(await Promise.all(endings)).size).toBe(1);
  });

  it('is at once over for a child that is gone', async () => {
    const child = await startShell('exit 0');
    await child.exited;
    expect(await child.end()).toEqual({ outcome: 'gone', signal: null });
  });
});

describe('ending what came of a child', () => {
  it.each(['session', 'cleared', 'hidden'])('ends a stubborn grandchild: %s', async (kind) => {
    const child = await start('leaving-child.mjs', kind);
    const pids: Record<string, number> = JSON.parse(await new ChildLines(child).next());
    expect(await processStartTime(pids[kind] ?? 0)).not.toBeNull();
    expect(await child.end(SHORT)).toEqual({ outcome: 'gone', signal: 'SIGKILL' });
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(await markedPids(child)).toEqual([]);
    expect(await new ProcessTree(child.identity).survey()).toEqual([]);
  });

  it('closes the pipes that a grandchild held', async () => {
    const child = await start('leaving-child.mjs', 'piped');
    const lines = new ChildLines(child);
    const firstLines = [await lines.next(), await lines.next()];
    expect(firstLines).toContain('ready');
    expect(await child.end(SHORT)).toMatchObject({ outcome: 'gone', signal: 'SIGKILL' });
    await child.closed;
  });

  it('finds grandchildren after the child itself was killed, and ends them by identity alone', async () => {
    const child = await start('leaving-child.mjs', 'session', 'cleared');
    const pids: Record<string, number> = JSON.parse(await new ChildLines(child).next());
    process.kill(child.identity.pid, 'SIGKILL');
    await child.exited;
    expect(await markedPids(child)).toEqual([pids['session']]);
    expect(await new ProcessTree(child.identity).end({ termTimeoutMs: 100 })).toEqual({
      outcome: 'gone',
      signal: 'SIGKILL',
    });
    expect(await markedPids(child)).toEqual([]);
    // nothing tells any more whose it is: no marker, no group, no parent
    process.kill(pids['cleared'] ?? 0, 'SIGKILL');
  });
});

describe('looking for the marked', () => {
  it('does not miss a process that is in the middle of an exec', async () => {
    const child = await startShell(`LOOP='exec sh -c "$LOOP"'; export LOOP; eval "$LOOP"`);
    for (let count = 0; count < 50; count += 1) expect(await markedPids(child)).toEqual([child.identity.pid]);
  });
});

describe('what is not ours', () => {
  it('leaves a process alone that has the pid of another time', async () => {
    const bystander = spawn('/bin/sleep', ['1000'], { env: {}, detached: true });
    await once(bystander, 'spawn');
    const pid = bystander.pid ?? 0;
    const tree = new ProcessTree({ pid, startTime: 'another time', marker: nanoid() });
    expect(await tree.end()).toEqual({ outcome: 'gone', signal: null });
    expect(await processStartTime(pid)).not.toBeNull();
    bystander.kill('SIGKILL');
    await once(bystander, 'exit');
    expect(await processStartTime(pid)).toBeNull();
  });

  it('does not count zombies', async () => {
    // Node does not know of the child that the shell had, and never waits for it; a shell might
    const parent = `exec '${process.execPath}' -e 'console.log(process.env.ZOMBIE); setInterval(() => {}, 1e6)'`;
    const child = await startShell(`exec 3<&0; sh -c "read line <&3" & export ZOMBIE=$!; ${parent}`);
    const zombie = Number(await new ChildLines(child).next());
    expect(await markedPids(child)).toContain(zombie);
    child.write('go\n');
    await expect.poll(() => markedPids(child), { interval: 10 }).toEqual([child.identity.pid]);
    expect(await processStartTime(zombie)).not.toBeNull();
  });
});
