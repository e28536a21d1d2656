import { describe, expect, it } from 'vitest';
import { parseLinuxStat } from '../../../../adapters/shared/linux-processes.ts';
import { parseMacosProcesses } from '../../../../adapters/shared/macos-processes.ts';
import { readProcessTable } from '../../../../adapters/shared/process-table.ts';

const rest = (flags: number, startTime: number): string =>
  `0 -1 ${flags} ${'1 '.repeat(12)}${startTime} 99 98`;

describe('the process table', () => {
  it('knows this process, its parent and when it started', async () => {
    const rows = await readProcessTable({ pids: [process.pid] });
    expect(rows).toMatchObject([
      { pid: process.pid, parentPid: process.ppid, isZombie: false, hasMarker: false },
    ]);
    expect(await readProcessTable({ pids: [process.pid] })).toEqual(rows);
  });

  it('holds all processes, and leaves out what is not there', async () => {
    const pids = (await readProcessTable({ marker: 'nobody-has-this' })).map(({ pid }) => pid);
    expect(pids).toEqual(expect.arrayContaining([process.pid, process.ppid]));
    expect(await readProcessTable({ pids: [2 ** 22 + 1] })).toEqual([]);
  });
});

describe('/proc/<pid>/stat', () => {
  it('is read behind the last parenthesis, whatever the command is called', () => {
    expect(parseLinuxStat(`42 (a) S 1 (b) R 7 42 42 ${rest(0, 5000)}`)).toEqual({
      pid: 42,
      parentPid: 7,
      groupId: 42,
      startTime: '5000',
      isZombie: false,
    });
  });

  it('tells zombies, kernel threads and nonsense', () => {
    expect(parseLinuxStat(`42 (sh) Z 7 42 42 ${rest(0, 5000)}`)).toMatchObject({ isZombie: true });
    expect(parseLinuxStat(`2 (kthreadd) S 0 0 0 ${rest(0x20_00_40, 3)}`)).toBeNull();
    expect(parseLinuxStat('')).toBeNull();
  });
});

describe('the output of ps on macOS', () => {
  const output = [
    '  501     1   501 Ss   Sat Nov 21 09:17:00 2026     codex app-server PATH=/bin THREADCHART_MARKER=word HOME=/',
    '  502   501   501 S+   Sat Nov  7 09:17:01 2026     sh -c echo THREADCHART_MARKER=words',
    '  503   501   503 Z    Sat Nov  7 09:17:01 2026     (sh)',
    '',
  ].join('\n');

  it('is read with the environment behind the command', () => {
    expect(parseMacosProcesses(output, 'THREADCHART_MARKER=word')).toEqual([
      {
        pid: 501,
        parentPid: 1,
        groupId: 501,
        startTime: 'Sat Nov 21 09:17:00 2026',
        isZombie: false,
        hasMarker: true,
      },
      {
        pid: 502,
        parentPid: 501,
        groupId: 501,
        startTime: 'Sat Nov 7 09:17:01 2026',
        isZombie: false,
        hasMarker: false,
      },
      {
        pid: 503,
        parentPid: 501,
        groupId: 503,
        startTime: 'Sat Nov 7 09:17:01 2026',
        isZombie: true,
        hasMarker: false,
      },
    ]);
  });

  it('marks nothing when no marker was asked for', () => {
    expect(parseMacosProcesses(output, null).some(({ hasMarker }) => hasMarker)).toBe(false);
  });
});
