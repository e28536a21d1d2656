import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { z } from 'zod';
import {
  commandIdSchema,
  requestIdSchema,
  threadIdSchema,
  turnIdSchema,
  type CommandId,
} from '../../machines/domain/ids.ts';
import type { Receipt } from '../../machines/ports/journal.ts';
import { crcOf } from './crc.ts';
import { parseJson, Query, type Columns } from './query.ts';

const receiptSchema = z.object({
  commandId: commandIdSchema,
  threadId: threadIdSchema,
  fingerprint: z.string(),
  result: z.object({
    sequence: z.number().int().nonnegative(),
    threadId: threadIdSchema,
    turnId: z.exactOptional(turnIdSchema),
    queueEntryId: z.exactOptional(turnIdSchema),
    requestId: z.exactOptional(requestIdSchema),
  }),
});

/** Proofs of accepted commands. A second one for the same command is a defect of the caller. */
export class Receipts {
  readonly #insert: StatementSync;
  readonly #get: Query<Receipt>;

  constructor(sqlite: DatabaseSync) {
    this.#insert = sqlite.prepare('insert into receipts values (?, ?, ?, ?, ?)');
    this.#get = new Query<Receipt>(sqlite, {
      table: 'receipts',
      schema: receiptSchema,
      toValue: receiptOf,
      checked: ['key', 'thread_id', 'fingerprint', 'result'],
      sql: 'select command_id as key, thread_id, fingerprint, result, crc from receipts where command_id = ?',
    });
  }

  get(commandId: CommandId): Receipt | null {
    return this.#get.one(commandId);
  }

  put({ commandId, threadId, fingerprint, result }: Receipt): void {
    const row = [commandId, threadId, fingerprint, JSON.stringify(result)];
    this.#insert.run(...row, crcOf(...row));
  }
}

function receiptOf({ key, thread_id: threadId, fingerprint, result }: Columns): unknown {
  return { commandId: key, threadId, fingerprint, result: parseJson(result) };
}
