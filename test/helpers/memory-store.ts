/** What the journal in memory is kept in: only JSON text survives a run of the server. */
import { z } from 'zod';
import type { Entry } from '../../machines/domain/entry.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type {
  AttachmentId,
  CommandId,
  InstanceId,
  ItemId,
  RequestId,
  ThreadId,
  TurnId,
} from '../../machines/domain/ids.ts';
import type { InstanceRow } from '../../machines/domain/instance.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import type { CheckpointRow } from '../../machines/domain/checkpoint.ts';
import type { RequestRow } from '../../machines/domain/request.ts';
import type { ThreadState } from '../../machines/domain/snapshot.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';
import type { Receipt, ThreadCache, TickWrite } from '../../machines/ports/journal.ts';
import type { ProcessRow } from '../../machines/ports/process-host.ts';

/** A value as the disk would keep it: nothing of the object that was given is shared, and nobody can change what is read. */
export class Stored<T> {
  readonly #text: string;
  #read: { readonly value: T } | null = null;

  /** @throws {RuntimeError} INTERNAL for a value that could not be read again: the defect shows where it is made. */
  constructor(value: T, schema: z.ZodType<T> | null = null) {
    const text = JSON.stringify(value);
    const parsed = schema === null ? null : schema.safeParse(JSON.parse(text));
    if (parsed?.success === false) {
      throw new RuntimeError('INTERNAL', `does not parse: ${z.prettifyError(parsed.error)}: ${text}`);
    }
    this.#text = parsed === null ? text : JSON.stringify(parsed.data);
  }

  read(): T {
    this.#read ??= { value: frozen(JSON.parse(this.#text)) as T };
    return this.#read.value;
  }
}

function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const each of Object.values(value)) frozen(each);
  return Object.freeze(value);
}

export class ThreadTables {
  state: Stored<ThreadState> | null = null;
  readonly turns = new Map<TurnId, Stored<TurnRow>>();
  readonly items = new Map<ItemId, Stored<ItemRow>>();
  readonly requests = new Map<RequestId, Stored<RequestRow>>();
  readonly checkpoints = new Map<TurnId, Stored<CheckpointRow>>();
}

export interface StoredEntry {
  readonly sequence: number;
  readonly version: number;
  readonly kind: Entry['kind'];
  readonly at: number;
  readonly commandId: CommandId | null;
  readonly value: Stored<Entry>;
}

/** What outlives a run of the server. One journal at a time may be open on it. */
export class MemoryStore {
  entryCount = 0;
  readonly streams = new Map<string, StoredEntry[]>();
  readonly receipts = new Map<CommandId, Stored<Receipt>>();
  readonly threads = new Map<ThreadId, ThreadTables>();
  readonly instances = new Map<InstanceId, Stored<InstanceRow>>();
  readonly caches = new Map<ThreadId, Stored<ThreadCache>>();
  readonly processes = new Map<string, Stored<ProcessRow>>();
  /** Of each thread: one more than the version of the last delta that was removed. */
  readonly prunedBefore = new Map<ThreadId, number>();
  /** Threads with a base before which deltas may stand. */
  readonly prunable = new Set<ThreadId>();
  /** The last versions of purged threads. */
  readonly purged = new Map<ThreadId, number>();
  readonly purges = new Set<ThreadId>();
  readonly attachmentUses = new Map<ThreadId, Set<AttachmentId>>();
  readonly epochs: { readonly epoch: string; readonly startedAt: number; readonly afterSequence: number }[] =
    [];
  /** The journal that is open on it. */
  holder: object | null = null;
  /** The next commit fails before or after it has taken effect, as STORE_UNAVAILABLE. */
  failNextCommit: 'before' | 'after' | null = null;
  /** Called after each commit. What it throws is reported as STORE_UNAVAILABLE, too. */
  onCommit: ((write: TickWrite) => void) | null = null;

  /** Ends the run of the server: its journal is dead, another one can be opened. */
  crash(): void {
    this.holder = null;
  }
}
