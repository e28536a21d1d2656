import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { attachmentIdSchema, type AttachmentId, type ThreadId } from '../../machines/domain/ids.ts';
import type { Entry } from '../../machines/domain/entry.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import type { TickWrite } from '../../machines/ports/journal.ts';
import { Query } from './query.ts';

/** Which thread has used which attachment: in a prompt, in a message, or in what was carried to it. */
export class AttachmentUses {
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #onlyOf: Query<AttachmentId>;

  constructor(sqlite: DatabaseSync) {
    this.#insert = sqlite.prepare(
      'insert or ignore into attachment_uses (attachment_id, thread_id) values (?, ?)',
    );
    this.#delete = sqlite.prepare('delete from attachment_uses where thread_id = ?');
    this.#onlyOf = new Query<AttachmentId>(sqlite, {
      table: 'attachment_uses',
      schema: attachmentIdSchema,
      toValue: (columns) => columns['key'],
      sql: `with mine as (select value as thread_id from json_each(?))
            select distinct attachment_id as key from attachment_uses used where thread_id in mine and not exists (
              select 1 from attachment_uses other
              where other.attachment_id = used.attachment_id and other.thread_id not in mine)`,
    });
  }

  note({ entries, threads }: Pick<TickWrite, 'entries' | 'threads'>): void {
    for (const entry of entries) {
      for (const id of inPrompt(entry)) this.#insert.run(id, entry.stream);
    }
    for (const { threadId, items } of threads) {
      for (const id of items.flatMap(inMessage)) this.#insert.run(id, threadId);
    }
  }

  onlyOf(threadIds: readonly ThreadId[]): AttachmentId[] {
    return this.#onlyOf.all(JSON.stringify(threadIds));
  }

  forget(threadId: ThreadId): void {
    this.#delete.run(threadId);
  }
}

const inPrompt = ({ input }: Entry): readonly AttachmentId[] =>
  input.type === 'turn.submit' ? input.prompt.attachments : [];

const inMessage = ({ body }: ItemRow): readonly AttachmentId[] =>
  body.kind === 'user_message'
    ? body.attachments
    : body.kind === 'transfer'
      ? (body.report?.attachments ?? [])
      : [];
