import type { Journal, TickWrite } from '../../machines/ports/journal.ts';
import { EntryMaker, tickOf } from './journal-samples.ts';

/** One store, and what a suite does to it. */
export interface JournalStore {
  /** Starts a server's run on it. */
  open(start: { epoch: string; startedAt: number }): Journal;
  failNextCommit(where: 'before' | 'after'): void;
  dispose(): void;
}

/** What a test of the port works on: a store, the journal that is open on it, and entries that continue it. */
export class JournalSubject {
  #store: JournalStore | null = null;
  #journal: Journal | null = null;
  #entries = new EntryMaker();

  start(store: JournalStore): void {
    this.#store = store;
    this.#journal = store.open({ epoch: 'epoch-1', startedAt: 100 });
    this.#entries = new EntryMaker();
  }

  end(): void {
    this.journal.close();
    this.store.dispose();
  }

  get store(): JournalStore {
    if (this.#store === null) throw new Error('no test has started');
    return this.#store;
  }

  get journal(): Journal {
    if (this.#journal === null) throw new Error('no test has started');
    return this.#journal;
  }

  get entries(): EntryMaker {
    return this.#entries;
  }

  commit(write: Partial<TickWrite>): void {
    this.journal.commit(tickOf(write));
  }

  reopen(epoch: string, startedAt: number): void {
    this.journal.close();
    this.#journal = this.store.open({ epoch, startedAt });
  }
}

/** The code of the error that a call throws. */
export function codeOf(act: () => unknown): unknown {
  try {
    act();
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? thrown.code : thrown;
  }
  return 'nothing thrown';
}
