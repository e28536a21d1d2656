import { join } from 'node:path';
import { nanoid } from 'nanoid';
import { afterEach, describe, expect, it } from 'vitest';
import { LocalProcessHost, type ProcessRows } from '../../../../adapters/shared/process-host.ts';
import { listMarked } from '../../../../adapters/shared/process-tree.ts';
import { instanceIdSchema } from '../../../../machines/domain/ids.ts';
import type {
  HostedProcess,
  ProcessExit,
  ProcessRow,
  ProcessSpec,
} from '../../../../machines/ports/process-host.ts';
import { until } from '../../../helpers/until.ts';

const FIXTURES = join(import.meta.dirname, '..', '..', '..', 'fixtures');

class Rows implements ProcessRows {
  readonly log: string[] = [];
  readonly rows = new Map<string, ProcessRow>();

  put(row: ProcessRow): void {
    this.log.push(row.pid === null ? 'announce' : 'complete');
    this.rows.set(row.marker, row);
  }

  remove(marker: string): void {
    this.log.push('remove');
    this.rows.delete(marker);
  }
}

interface Run {
  readonly process: HostedProcess;
  readonly table: Rows;
  readonly heard: { stdout: string; stderr: string };
  readonly exits: { exit: ProcessExit; error: Error | null; heard: string }[];
}

const running: HostedProcess[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.end({ force: true })));
});

function run(spec: Partial<ProcessSpec>, table = new Rows()): Run {
  const heard = { stdout: '', stderr: '' };
  const exits: Run['exits'] = [];
  const host = new LocalProcessHost({ table, makeMarker: nanoid, now: () => 7 });
  const process = host.spawn(
    { instanceId: instanceIdSchema.parse('i'), command: '/bin/sh', args: [], env: {}, ...spec },
    {
      onStdout: (bytes) => (heard.stdout += Buffer.from(bytes).toString()),
      onStderr: (bytes) => (heard.stderr += Buffer.from(bytes).toString()),
      onExit: (exit, error) => exits.push({ exit, error, heard: heard.stdout }),
    },
  );
  running.push(process);
  return { process, table, heard, exits };
}

const shell = (script: string): Run =>
  run({ args: ['-c', script], env: { PATH: process.env['PATH'], NOT_SET: undefined } });

describe('LocalProcessHost', () => {
  it('notes the process before its start, completes the row after it and removes it when all is gone', async () => {
    const { table, exits, process } = shell('read line; echo $line; exit 3');
    expect(table.log).toEqual(['announce']);
    expect([...table.rows.values()]).toMatchObject([{ instanceId: 'i', pid: null, startedAt: 7 }]);
    await until(() => table.log.includes('complete'));
    expect([...table.rows.values()]).toMatchObject([{ pid: process.pid, startTime: expect.any(String) }]);
    process.write('go\n');
    await until(() => exits.length > 0);
    expect(table.log).toEqual(['announce', 'complete', 'remove']);
    expect(exits).toEqual([{ exit: { code: 3, signal: null }, error: null, heard: 'go\n' }]);
  });

  it('keeps what is written before the process runs', async () => {
    const { process, exits, heard } = shell('cat');
    expect(process.pid).toBe(0);
    process.write('one ');
    process.write('two');
    await process.end();
    await until(() => exits.length > 0);
    expect(heard.stdout).toBe('one two');
  });

  it('tells of a program that is not there as of an exit, and leaves no row', async () => {
    const { table, exits, process } = run({ command: '/no/such/program' });
    await until(() => exits.length > 0);
    expect(exits[0]).toMatchObject({ exit: { code: null, signal: null }, error: { code: 'ENOENT' } });
    expect(table.rows.size).toBe(0);
    await process.end();
    expect(exits).toHaveLength(1);
  });

  it('starts nothing when the row cannot be written', async () => {
    const table = new Rows();
    table.put = () => {
      throw new Error('disk full');
    };
    const { exits, heard } = run({ args: ['-c', 'echo started'] }, table);
    await until(() => exits.length > 0);
    expect(exits[0]?.error?.message).toBe('disk full');
    expect(heard.stdout).toBe('');
  });

  it('reports an exit after its last output and after the end of what it left behind', async () => {
    const { exits, table } = shell('sleep 60 & echo out; kill -KILL $$');
    await until(() => exits.length > 0);
    expect(exits[0]).toMatchObject({ exit: { code: null, signal: 'SIGKILL' }, heard: 'out\n' });
    expect(table.rows.size).toBe(0);
  });

  it('ends by force what does not listen', async () => {
    const { process, table, exits, heard } = run({
      command: globalThis.process.execPath,
      args: [join(FIXTURES, 'stubborn-child.mjs')],
      env: { PATH: globalThis.process.env['PATH'] },
    });
    await until(() => heard.stdout !== '');
    const [marker] = [...table.rows.keys()];
    await process.end({ force: true });
    expect(await listMarked(marker ?? '')).toEqual([]);
    await until(() => exits.length === 1);
  });

  it('stops reading while paused, also when paused before the start', async () => {
    const { process, heard, exits } = shell('echo early; read line; echo late >&2; read line');
    process.pause();
    process.write('go\n');
    await until(() => heard.stderr === 'late\n');
    expect(heard.stdout).toBe('');
    process.resume();
    await until(() => heard.stdout === 'early\n');
    expect(exits).toEqual([]);
  });
});
