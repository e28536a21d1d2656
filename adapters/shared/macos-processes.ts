import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { SystemProcess } from './process-table.ts';

const COLUMNS = 'pid=,ppid=,pgid=,stat=,lstart=,command=';
const LINE = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s+(.*)$/;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

const run = promisify(execFile);

/** Asks `ps`. With `-E` it prints the environment behind the command, for the user's own processes. */
export async function readMacosProcesses(
  entry: string | null,
  pids: readonly number[] | null,
): Promise<SystemProcess[]> {
  if (pids?.length === 0) return [];
  const selection = pids ? ['-p', pids.join(',')] : ['-A'];
  const options = { env: { LC_ALL: 'C' }, maxBuffer: MAX_OUTPUT_BYTES };
  try {
    const { stdout } = await run('/bin/ps', [...selection, '-E', '-ww', '-o', COLUMNS], options);
    return parseMacosProcesses(stdout, entry);
  } catch (error) {
    // ps exits with 1 when it found none of the processes asked for.
    if (pids) return [];
    throw error;
  }
}

/** Reads the lines of `ps`; `entry` counts only as a whole word. */
export function parseMacosProcesses(output: string, entry: string | null): SystemProcess[] {
  return output.split('\n').flatMap((line) => {
    const [, pid, parentPid, groupId, state, startTime, command] = LINE.exec(line) ?? [];
    if (startTime === undefined || state === undefined) return [];
    return {
      pid: Number(pid),
      parentPid: Number(parentPid),
      groupId: Number(groupId),
      startTime: startTime.replaceAll(/\s+/g, ' '),
      isZombie: state.startsWith('Z'),
      hasMarker: entry !== null && (command ?? '').split(' ').includes(entry),
    };
  });
}
