import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Status } from '../../machines/domain/fact.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { InstanceRow } from '../../machines/domain/instance.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import type { CheckpointRow } from '../../machines/domain/checkpoint.ts';
import type { RequestRow } from '../../machines/domain/request.ts';
import type { ThreadState } from '../../machines/domain/snapshot.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';
import type { ThreadRows } from '../../machines/ports/journal.ts';
import { crcOf } from './crc.ts';
import { searchTextOf } from './search-text.ts';

const upsert = (table: string, keys: readonly string[], values: readonly string[]): string => {
  const columns = [...keys, ...values];
  return `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})
    on conflict (${keys.join(', ')}) do update set ${values.map((each) => `${each} = excluded.${each}`).join(', ')}`;
};

/** A restart has to see to the thread. */
const isUnsettled = ({ bound, errands }: Pick<ThreadState, 'bound' | 'errands'>, status: Status): boolean =>
  bound || errands > 0 || status === 'starting' || status === 'running';

/** Writes the projections, inside a transaction of the caller. */
export class RowWriter {
  readonly #thread: StatementSync;
  readonly #turn: StatementSync;
  readonly #item: StatementSync;
  readonly #request: StatementSync;
  readonly #checkpoint: StatementSync;
  readonly #instance: StatementSync;
  readonly #deletes: readonly StatementSync[];

  constructor(sqlite: DatabaseSync) {
    const put = (table: string, keys: readonly string[], values: readonly string[]): StatementSync =>
      sqlite.prepare(upsert(table, keys, values));
    this.#thread = put(
      'threads',
      ['thread_id'],
      [
        'removal',
        'archived',
        'status',
        'is_unsettled',
        'updated_at',
        'search',
        'row',
        'state',
        'row_crc',
        'state_crc',
      ],
    );
    this.#turn = put('turns', ['thread_id', 'turn_id'], ['ordinal', 'native_turn_id', 'row', 'crc']);
    this.#item = put('items', ['thread_id', 'item_id'], ['ordinal', 'is_open', 'row', 'crc']);
    this.#request = put('requests', ['thread_id', 'request_id'], ['is_open', 'row', 'crc']);
    this.#checkpoint = put('checkpoints', ['thread_id', 'turn_id'], ['ordinal', 'root', 'row', 'crc']);
    this.#instance = put('instances', ['instance_id'], ['row', 'crc']);
    this.#deletes = ['threads', 'turns', 'items', 'requests', 'checkpoints'].map((table) =>
      sqlite.prepare(`delete from ${table} where thread_id = ?`),
    );
  }

  put({ threadId, state, turns, items, requests, checkpoints }: ThreadRows): void {
    if (state !== null) this.putState(threadId, state);
    for (const turn of turns) this.#putTurn(threadId, turn);
    for (const item of items) this.#putItem(threadId, item);
    for (const request of requests) this.#putRequest(threadId, request);
    for (const checkpoint of checkpoints) this.#putCheckpoint(threadId, checkpoint);
  }

  replace(rows: ThreadRows): void {
    for (const statement of this.#deletes) statement.run(rows.threadId);
    this.put(rows);
  }

  putInstance(row: InstanceRow): void {
    const json = JSON.stringify(row);
    this.#instance.run(row.instanceId, json, crcOf(row.instanceId, json));
  }

  /** `removal` is the thread's own; the store itself also knows `purged`. */
  putState(threadId: ThreadId, { row, ...state }: ThreadState, removal: string = state.removal): void {
    const [rowJson, stateJson] = [JSON.stringify(row), JSON.stringify(state)];
    this.#thread.run(
      threadId,
      removal,
      Number(row.archived),
      row.status,
      Number(isUnsettled(state, row.status)),
      row.updatedAt,
      searchTextOf(row),
      rowJson,
      stateJson,
      crcOf(threadId, rowJson),
      crcOf(threadId, rowJson, stateJson),
    );
  }

  #putTurn(threadId: ThreadId, row: TurnRow): void {
    const json = JSON.stringify(row);
    const crc = crcOf(`${threadId} ${row.turnId}`, json);
    this.#turn.run(threadId, row.turnId, row.ordinal, row.nativeTurnId, json, crc);
  }

  #putItem(threadId: ThreadId, row: ItemRow): void {
    const json = JSON.stringify(row);
    const crc = crcOf(`${threadId} ${row.itemId}`, json);
    this.#item.run(threadId, row.itemId, row.ordinal, Number(row.status === 'open'), json, crc);
  }

  #putCheckpoint(threadId: ThreadId, row: CheckpointRow): void {
    const json = JSON.stringify(row);
    const crc = crcOf(`${threadId} ${row.turnId}`, json);
    this.#checkpoint.run(threadId, row.turnId, row.ordinal, row.root, json, crc);
  }

  #putRequest(threadId: ThreadId, row: RequestRow): void {
    const json = JSON.stringify(row);
    const crc = crcOf(`${threadId} ${row.requestId}`, json);
    this.#request.run(threadId, row.requestId, Number(row.status !== 'closed'), json, crc);
  }
}
