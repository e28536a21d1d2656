import type { Journal, TickWrite } from '../../machines/ports/journal.ts';
import type { CrashPlan } from '../helpers/crash-plan.ts';
import { MemoryStore, openMemoryJournal } from '../helpers/memory-journal.ts';
import type { TestClock } from '../helpers/test-clock.ts';
import type { CrashStore } from './crash-run.ts';

export interface Sabotage {
  /** What the store loses of a tick. */
  readonly lose?: (write: TickWrite) => TickWrite;
  readonly unsettledThreads?: Journal['unsettledThreads'];
}

export class MemoryCrashStore implements CrashStore {
  readonly #store = new MemoryStore();
  readonly #sabotage: Sabotage;

  constructor(sabotage: Sabotage = {}) {
    this.#sabotage = sabotage;
  }

  open(plan: CrashPlan, clock: TestClock): Journal {
    const makeEpoch = (): string => `e${this.#store.epochs.length + 1}`;
    const journal = openMemoryJournal(this.#store, { now: () => clock.now(), makeEpoch });
    const { lose, unsettledThreads } = this.#sabotage;
    const commit = journal.commit.bind(journal);
    if (lose !== undefined) journal.commit = (write) => commit(lose(write));
    if (unsettledThreads !== undefined) journal.unsettledThreads = unsettledThreads;
    return plan.journal(journal);
  }

  release(): void {
    this.#store.crash();
  }
}
