import { z } from 'zod';
import { RuntimeError } from '../../machines/domain/error.ts';
import { ENTRY_FORMAT } from '../../machines/domain/upcast.ts';
import type { Epoch } from '../../machines/ports/journal.ts';
import type { Database } from './database.ts';
import { crcOf } from './crc.ts';
import { columnsThemselves, Query } from './query.ts';

const startSchema = z.object({ epoch: z.string(), startedAt: z.number(), afterSequence: z.number() });
export type Start = z.infer<typeof startSchema>;

/**
 * The starts of the server. A row is written once, at the start, with the last sequence before it: an epoch ends where
 * the next one begins, so that a killed server has nothing to write.
 */
export class Epochs {
  readonly #starts: readonly Start[];
  readonly #running: Start;

  constructor(database: Database, running: Start) {
    const { sqlite } = database;
    refuseNewerEntries(database);
    this.#running = running;
    this.#starts = new Query(sqlite, {
      table: 'epochs',
      schema: startSchema,
      toValue: columnsThemselves,
      checked: ['epoch', 'startedAt', 'afterSequence', 'entryFormat'],
      sql: `select epoch as key, epoch, started_at as startedAt, after_sequence as afterSequence,
              entry_format as entryFormat, crc
            from epochs order by epoch_id`,
    }).all();
    const insert = sqlite.prepare(
      'insert into epochs (epoch, started_at, after_sequence, entry_format, crc) values (?, ?, ?, ?, ?)',
    );
    database.transact('beginning an epoch', () => {
      const row = [running.epoch, running.startedAt, running.afterSequence, ENTRY_FORMAT];
      insert.run(...row, crcOf(...row));
    });
  }

  running(lastSequence: number): Epoch {
    const { epoch, startedAt } = this.#running;
    return { epoch, startedAt, lastSequence };
  }

  /** Oldest first, the running one last. */
  all(lastSequence: number): Epoch[] {
    const ended = this.#starts.map(({ epoch, startedAt }, index) => ({
      epoch,
      startedAt,
      lastSequence: this.#starts[index + 1]?.afterSequence ?? this.#running.afterSequence,
    }));
    return [...ended, this.running(lastSequence)];
  }
}

const formatSchema = z.object({ value: z.number().nullable() });

/** @throws {RuntimeError} STORE_TOO_NEW when a newer release ran here: this one cannot parse what it wrote. */
function refuseNewerEntries({ sqlite }: Database): void {
  const newest = new Query(sqlite, {
    table: 'epochs',
    schema: formatSchema,
    toValue: columnsThemselves,
    sql: `select 'newest' as key, max(entry_format) as value from epochs`,
  }).one()?.value;
  if (typeof newest !== 'number' || newest <= ENTRY_FORMAT) return;
  throw new RuntimeError(
    'STORE_TOO_NEW',
    `the journal has entries of format ${newest}, this release knows up to ${ENTRY_FORMAT}`,
    { details: { found: newest, known: ENTRY_FORMAT } },
  );
}
