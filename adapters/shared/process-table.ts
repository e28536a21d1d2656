import { readLinuxProcesses } from './linux-processes.ts';
import { readMacosProcesses } from './macos-processes.ts';

/** The environment variable that every process started for a provider carries, and passes on to its children. */
export const MARKER_VARIABLE = 'THREADCHART_MARKER';

/** One process of the machine, as it was at one moment. */
export interface SystemProcess {
  readonly pid: number;
  readonly parentPid: number;
  readonly groupId: number;
  /** When it started, in a form that is only good for comparing: the system's own, opaque. */
  readonly startTime: string;
  /** It has ended, and its parent has not asked how. */
  readonly isZombie: boolean;
  /** The variable is in its environment with the value asked for. */
  readonly hasMarker: boolean;
}

/** What to look at. */
export interface ProcessQuery {
  /** The marker to look for; without it no environment is read. */
  readonly marker?: string;
  /** Only these processes; default: all of the machine. */
  readonly pids?: readonly number[];
}

/** Reads the process table of Linux or macOS. Processes that end meanwhile, and environments of others, are left out. */
export async function readProcessTable(query: ProcessQuery): Promise<SystemProcess[]> {
  const entry = query.marker === undefined ? null : `${MARKER_VARIABLE}=${query.marker}`;
  const read = process.platform === 'darwin' ? readMacosProcesses : readLinuxProcesses;
  return read(entry, query.pids ?? null);
}
