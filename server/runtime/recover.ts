/** What a start of the server does about the last run's processes. Its threads learn of it by `runtime.recovered`. */
import { failureOf } from '../../machines/domain/error.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { ProcessRow } from '../../machines/ports/process-host.ts';
import type { Log } from './runtime-options.ts';

/** All at once; a process that cannot be ended is reported and its row is kept for the next start. */
export async function endSurvivors(
  journal: Journal,
  endSurvivor: (row: ProcessRow) => Promise<void>,
  log: Log,
): Promise<void> {
  await Promise.all(
    journal.processes().map(async (row) => {
      try {
        await endSurvivor(row);
        journal.removeProcess(row.marker);
      } catch (error) {
        const { instanceId, pid } = row;
        log.error(
          { instanceId, pid, failure: failureOf(error) },
          'a process of the last run could not be ended',
        );
      }
    }),
  );
}
