import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate, setTimeout as wait } from 'node:timers/promises';
import type { SystemProcess } from './process-table.ts';

const PROC = '/proc';
const BATCH_SIZE = 16;
const ENVIRONMENT_TRY_COUNT = 5;
const KERNEL_THREAD_FLAG = 0x00_20_00_00;

type LinuxStat = Omit<SystemProcess, 'hasMarker'>;

/**
 * Reads /proc. `entry` is a whole `NAME=value` of the environment. The files are read synchronously: they lie in memory,
 * and the shorter the time between open and read, the rarer an environment is lost to an exec. Between batches of
 * processes, each below a millisecond, others get their turn.
 */
export async function readLinuxProcesses(
  entry: string | null,
  pids: readonly number[] | null,
): Promise<SystemProcess[]> {
  const all = pids ?? readdirSync(PROC).map(Number).filter(Number.isInteger);
  const stats: LinuxStat[] = [];
  for await (const pid of inBatches(all)) {
    const stat = parseLinuxStat(read(pid, 'stat') ?? '');
    if (stat) stats.push(stat);
  }
  const marked = entry === null ? new Set() : await findMarked(stats, entry);
  return stats.map((stat) => ({ ...stat, hasMarker: marked.has(stat.pid) }));
}

/**
 * Reads `/proc/<pid>/stat`; null for a kernel thread. The command name in it may hold spaces and parentheses, so counting
 * starts after it.
 */
export function parseLinuxStat(stat: string): LinuxStat | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parentPid, groupId] = fields;
  const startTime = fields[19];
  if (state === undefined || startTime === undefined || isKernelThread(Number(fields[6]))) return null;
  return {
    pid: Number.parseInt(stat, 10),
    parentPid: Number(parentPid),
    groupId: Number(groupId),
    startTime,
    isZombie: state === 'Z' || state === 'X',
  };
}

function isKernelThread(flags: number): boolean {
  return (flags & KERNEL_THREAD_FLAG) !== 0;
}

/**
 * A process in the middle of an exec shows an empty environment for some 30 µs, one that has none shows it for ever: so the
 * empty ones are looked at again.
 */
async function findMarked(stats: readonly LinuxStat[], entry: string): Promise<Set<number>> {
  const marked = new Set<number>();
  let unsure = stats.filter(({ isZombie }) => !isZombie).map(({ pid }) => pid);
  for (let tryCount = 1; tryCount <= ENVIRONMENT_TRY_COUNT && unsure.length > 0; tryCount += 1) {
    if (tryCount > 1) await wait(1);
    const empty: number[] = [];
    for await (const pid of inBatches(unsure)) {
      const environment = read(pid, 'environ');
      if (environment === '') empty.push(pid);
      else if (environment?.split('\0').includes(entry)) marked.add(pid);
    }
    unsure = empty;
  }
  return marked;
}

/** Null for a process that has ended since it was listed, or whose environment is not for us to see. */
function read(pid: number, file: 'stat' | 'environ'): string | null {
  try {
    return readFileSync(`${PROC}/${pid}/${file}`, 'latin1');
  } catch {
    return null;
  }
}

async function* inBatches(pids: readonly number[]): AsyncIterable<number> {
  for (const [index, pid] of pids.entries()) {
    if (index % BATCH_SIZE === BATCH_SIZE - 1) await setImmediate();
    yield pid;
  }
}
