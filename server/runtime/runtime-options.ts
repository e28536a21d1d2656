/** What a runtime is made from. */
import type { RuntimeError } from '../../machines/domain/error.ts';
import type { AttachmentId, InstanceId } from '../../machines/domain/ids.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { ProcessHost, ProcessRow } from '../../machines/ports/process-host.ts';
import type { InstanceConfig, ProviderDriver } from '../../machines/ports/provider.ts';
import type { WorkspaceHistory } from '../../machines/ports/workspace-history.ts';
import type { Worktrees } from '../../machines/ports/worktrees.ts';
import type { FolderReads } from './api.ts';
import type { Clock } from './clock.ts';
import type { TaskBounds } from './task-bounds.ts';
import type { Workspaces } from './workspace.ts';

export interface Log {
  info(details: Record<string, unknown>, message: string): void;
  warn(details: Record<string, unknown>, message: string): void;
  error(details: Record<string, unknown>, message: string): void;
}

export interface RuntimeOptions extends Workspaces {
  readonly journal: Journal;
  readonly drivers: readonly ProviderDriver[];
  readonly instances: readonly InstanceConfig[];
  readonly processes: ProcessHost;
  /** Where workspaces are captured; absent: nowhere. */
  readonly history?: WorkspaceHistory;
  readonly worktrees?: Worktrees;
  /** Ends a process that an earlier run of the server has left; resolves when it is proven gone. */
  readonly endSurvivor: (row: ProcessRow) => Promise<void>;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
  /** Takes secrets out of what a provider says of a failure. */
  readonly redact: (text: string) => string;
  /** Version of this package. */
  readonly release: string;
  /** Deltas of an item after its first are merged for so long; 0: not at all. */
  readonly deltaWindowMs: number;
  /** So long after its turn text is kept as it was streamed, for clients that come back. */
  readonly deltaRetentionMs: number;
  /** An idle connection is closed after this. */
  readonly connectionIdleMs: number;
  /** Of a purged thread; no other one uses it. */
  readonly removeAttachment: (id: AttachmentId) => void;
  /** Default: as the configuration's. */
  readonly taskBounds?: TaskBounds;
  /** A deleted thread is purged after so long; `null`: it is kept. */
  readonly deletedAfterMs: number | null;
  /** Where clients look for working folders; absent: nowhere. */
  readonly folders?: FolderReads;
  /** Appends a raw frame to the instance's protocol log. */
  readonly logFrame: (instanceId: InstanceId, direction: 'in' | 'out', frame: string) => string;
  /** The store did not come back: end the process with a code of its own. */
  readonly giveUp: (cause: RuntimeError) => void;
  /** When a tick runs after it was asked for; default `setImmediate`. */
  readonly schedule?: (run: () => void) => void;
}
