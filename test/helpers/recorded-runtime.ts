/** A runtime over a store in memory, whose ids are counted: what is recorded from it can be played again. */
import type { Command, CommandResult } from '../../machines/domain/command.ts';
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import { commandIdSchema } from '../../machines/domain/ids.ts';
import type { ItemKind } from '../../machines/domain/item.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { ProcessHost } from '../../machines/ports/process-host.ts';
import type { InstanceConfig, ProviderDriver } from '../../machines/ports/provider.ts';
import type { Clock } from '../../server/runtime/clock.ts';
import { ThreadRuntime } from '../../server/runtime/runtime.ts';
import { MemoryStore, openMemoryJournal } from './memory-journal.ts';

export interface RecordedRuntimeOptions {
  readonly driver: ProviderDriver;
  readonly instance: InstanceConfig;
  readonly processes: ProcessHost;
  readonly clock: Clock;
  /** Default: as the server does it. */
  readonly schedule?: (run: () => void) => void;
  /** Where the files of attachments are; default: as recordings have it. */
  readonly attachments?: string;
}

const MOST_ITEMS = 1000;

/** Stands in a recording for the folder of attachments. */
export const RECORDED_ATTACHMENTS = '/attachments';

/** The facts of one entry, with what they were drawn from. */
export interface EntryFacts {
  readonly thread: string;
  readonly input: string;
  readonly outcome?: string;
  readonly facts: readonly unknown[];
}

/** What an item came to, also where the end of its turn closed it. */
export interface ItemLeft {
  readonly item: ItemKind;
  readonly turnId: string | null;
  readonly status: string;
  readonly text: string;
}

/** How a thread stands after everything. */
export interface ThreadLeft {
  readonly thread: string;
  readonly status: string | null;
  readonly openRequestCount: number;
  readonly items: readonly ItemLeft[];
}

export class RecordedRuntime {
  readonly store = new MemoryStore();
  /** Of all threads, in the order in which they were committed; without bases. */
  readonly entries: ThreadEntry[] = [];
  readonly #options: RecordedRuntimeOptions;
  #runtime: ThreadRuntime | null = null;
  #commandCount = 0;

  constructor(options: RecordedRuntimeOptions) {
    this.#options = options;
    this.store.onCommit = ({ entries }) => {
      for (const entry of entries) {
        if (entry.kind !== 'instance' && entry.kind !== 'base') this.entries.push(entry);
      }
    };
  }

  get runtime(): ThreadRuntime {
    if (this.#runtime === null) throw new Error('the runtime does not run');
    return this.#runtime;
  }

  /** Also after a stop, over the same store. */
  async start(): Promise<void> {
    const { driver, instance, processes, clock, schedule } = this.#options;
    const { attachments = RECORDED_ATTACHMENTS } = this.#options;
    const { store } = this;
    const run = store.epochs.length + 1;
    let idCount = 0;
    let frameCount = 0;
    const fail = (_: unknown, message: string): void => {
      throw new Error(message);
    };
    this.#runtime = new ThreadRuntime({
      journal: openMemoryJournal(store, { now: () => clock.now(), makeEpoch: () => `e${run}` }),
      drivers: [driver],
      instances: [instance],
      processes,
      endSurvivor: () => Promise.resolve(),
      clock,
      newId: () => `id-${run}-${(idCount += 1)}`,
      log: { info: () => {}, warn: () => {}, error: fail },
      release: 'test',
      deltaWindowMs: 0,
      deltaRetentionMs: 60_000,
      removeAttachment: () => {},
      deletedAfterMs: null,
      connectionIdleMs: 1_800_000,
      redact: (text) => text,
      attachmentPath: (id) => `${attachments}/${id}`,
      isFolder: () => true,
      logFrame: () => `${run}:${(frameCount += 1)}`,
      giveUp: (cause) => {
        throw cause;
      },
      ...(schedule === undefined ? {} : { schedule }),
    });
    await this.#runtime.start();
  }

  async stop(): Promise<void> {
    await this.#runtime?.stop(0);
    this.#runtime = null;
    this.store.crash();
  }

  dispatch(command: Command): Promise<CommandResult> {
    this.#commandCount += 1;
    return this.runtime.dispatch(commandIdSchema.parse(`c${this.#commandCount}`), command);
  }

  /** What was drawn so far, an entry each. */
  facts(): EntryFacts[] {
    return this.entries.map(({ stream, input, outcome, facts }) => ({
      thread: stream,
      input: input.type,
      ...(outcome === 'applied' ? {} : { outcome }),
      facts,
    }));
  }

  /** The journal of a runtime that was stopped. */
  openJournal(): Journal {
    return openMemoryJournal(this.store, { now: () => this.#options.clock.now(), makeEpoch: () => 'after' });
  }
}

/** From the rows that clients are served from. */
export function threadsLeft(journal: Journal): ThreadLeft[] {
  return journal.threadIds().map((threadId) => ({
    thread: threadId,
    status: journal.threadState(threadId)?.row.status ?? null,
    openRequestCount: journal.openRequests(threadId).length,
    items: journal
      .items(threadId, null, MOST_ITEMS)
      .toSorted((left, right) => left.ordinal - right.ordinal)
      .map(({ body, turnId, status, text }) => ({ item: body.kind, turnId, status, text })),
  }));
}
