import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

/** The environment variable by which everything that a test run starts is found again, whatever started it. */
export const RUN_VARIABLE = 'THREADCHART_TEST_RUN';

export interface RunProcess {
  readonly pid: number;
  readonly command: string;
}

const run = promisify(execFile);

/** Living processes with the word in their command line or environment; never this process. */
export async function listRunProcesses(word: string): Promise<RunProcess[]> {
  const found = process.platform === 'linux' ? listOnLinux(word) : await listByPs(word);
  return found.filter(({ pid }) => pid !== process.pid);
}

function listOnLinux(word: string): RunProcess[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.flatMap((pid) => {
    const command = read(pid, 'cmdline').replaceAll('\0', ' ').trim();
    const isOurs = command.includes(word) || read(pid, 'environ').includes(word);
    return isOurs ? [{ pid, command }] : [];
  });
}

/** Empty for a process that has ended, a zombie included. */
function read(pid: number, file: 'cmdline' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

async function listByPs(word: string): Promise<RunProcess[]> {
  const { stdout } = await run('/bin/ps', ['-A', '-E', '-ww', '-o', 'pid=,command='], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout.split('\n').flatMap((line) => {
    const [, pid = '', command = ''] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return command.includes(word) ? [{ pid: Number(pid), command }] : [];
  });
}
