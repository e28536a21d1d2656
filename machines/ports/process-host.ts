/** Every provider process is started, known and ended through this port, those of a killed server too. */
import type { InstanceId } from '../domain/ids.ts';

export interface ProcessSpec {
  readonly instanceId: InstanceId;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** The whole environment; the marker is added. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A running child with piped stdio. Bytes come as they are read; framing is the adapter's. */
export interface HostedProcess {
  /** 0 until it has been started. */
  readonly pid: number;
  /** Write to its stdin; `false`: the pipe is full (what was written waits in memory; `onDrain` tells) or gone. */
  write(text: string): boolean;
  pause(): void;
  resume(): void;
  /** Asks (closes stdin), then SIGTERM, then SIGKILL to it and all its descendants; resolves when proven gone. */
  end(options?: { readonly force?: boolean }): Promise<void>;
}

export interface ProcessEvents {
  onStdout(bytes: Uint8Array): void;
  onStderr(bytes: Uint8Array): void;
  /** Its stdin takes more, after a write that returned `false`. */
  onDrain?(): void;
  /** Exactly once, after its last output; also when it never started (`error` set). */
  onExit(exit: ProcessExit, error: Error | null): void;
}

export interface ProcessHost {
  /** The row of the process table is committed before the spawn and completed after it. */
  spawn(spec: ProcessSpec, events: ProcessEvents): HostedProcess;
}

/** One line of the process table. A process is known by pid, start time and marker: a reused pid is never ended. */
export interface ProcessRow {
  /** A random word in the environment of the process and so of all its descendants. */
  readonly marker: string;
  readonly instanceId: InstanceId;
  /** `null` between the row's commit and the spawn. */
  readonly pid: number | null;
  /** As the operating system tells it; comparable for equality only. */
  readonly startTime: string | null;
  readonly startedAt: number;
}
