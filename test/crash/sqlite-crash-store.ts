import { openJournal } from '../../adapters/sqlite/index.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { CrashPlan } from '../helpers/crash-plan.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import type { TestClock } from '../helpers/test-clock.ts';
import type { CrashStore } from './crash-run.ts';

/** The server dies inside the transaction, before its commit, or right after it. */
export class SqliteCrashStore implements CrashStore {
  readonly #folder = makeTempFolder();
  #journal: Journal | null = null;
  #epochCount = 0;

  open(plan: CrashPlan, clock: TestClock): Journal {
    const journal = openJournal({
      folder: this.#folder.path,
      now: () => clock.now(),
      makeEpoch: () => {
        this.#epochCount += 1;
        return `e${this.#epochCount}`;
      },
      faults: { beforeCommit: () => plan.reach('before'), afterCommit: () => plan.reach('after') },
    });
    this.#journal = journal;
    return plan.journal(journal, (write) => journal.commit(write));
  }

  release(): void {
    this.#journal?.close();
  }

  remove(): void {
    this.#folder.remove();
  }
}
