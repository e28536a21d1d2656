import type { DatabaseSync } from 'node:sqlite';
import {
  threadIdSchema,
  type InstanceId,
  type ItemId,
  type RequestId,
  type ThreadId,
  type TurnId,
} from '../../machines/domain/ids.ts';
import { instanceRowSchema, type InstanceRow } from '../../machines/domain/instance.ts';
import { itemRowSchema, type ItemRow } from '../../machines/domain/item.ts';
import { requestRowSchema, type RequestRow } from '../../machines/domain/request.ts';
import { threadStateSchema, type ThreadState } from '../../machines/domain/snapshot.ts';
import { turnRowSchema, type TurnRow } from '../../machines/domain/turn.ts';
import type { TurnRange } from '../../machines/ports/journal.ts';
import { CheckpointReader } from './read-checkpoints.ts';
import { parseJson, Query, type Columns } from './query.ts';

const MOST = Number.MAX_SAFE_INTEGER;

/** Reads the projections. */
export class RowReader {
  readonly #state: Query<ThreadState>;
  readonly #unsettled: Query<ThreadId>;
  readonly #withOpenItems: Query<ThreadId>;
  readonly #turn: Query<TurnRow>;
  readonly #turnByNative: Query<TurnRow>;
  readonly #latestTurn: Query<TurnRow>;
  readonly checkpoints: CheckpointReader;
  readonly #turns: Query<TurnRow>;
  readonly #item: Query<ItemRow>;
  readonly #itemsBelow: Query<ItemRow>;
  readonly #openItems: Query<ItemRow>;
  readonly #request: Query<RequestRow>;
  readonly #openRequests: Query<RequestRow>;
  readonly #instance: Query<InstanceRow>;

  constructor(sqlite: DatabaseSync) {
    const checked = { checked: ['key', 'json'] };
    this.#state = new Query(sqlite, {
      table: 'threads',
      schema: threadStateSchema,
      toValue: stateOf,
      checked: ['key', 'row', 'state'],
      sql: 'select thread_id as key, row, state, state_crc as crc from threads where thread_id = ?',
    });
    this.#unsettled = new Query<ThreadId>(sqlite, {
      table: 'threads',
      schema: threadIdSchema,
      toValue: (columns) => columns['key'],
      sql: 'select thread_id as key from threads where is_unsettled = 1',
    });
    this.#withOpenItems = new Query<ThreadId>(sqlite, {
      table: 'items',
      schema: threadIdSchema,
      toValue: (columns) => columns['key'],
      sql: 'select thread_id as key from items where is_open = 1',
    });
    const turns = (which: string): Query<TurnRow> =>
      new Query(sqlite, {
        ...checked,
        table: 'turns',
        schema: turnRowSchema,
        sql: ofThread('turn_id', 'turns', which),
      });
    this.#turn = turns('turn_id = ?');
    this.#turnByNative = turns('native_turn_id = ? order by ordinal desc limit 1');
    this.#latestTurn = turns('true order by ordinal desc limit 1');
    this.checkpoints = new CheckpointReader(sqlite);
    this.#turns = turns('ordinal > ? and ordinal < ? order by ordinal desc limit ?');
    const items = (which: string): Query<ItemRow> =>
      new Query(sqlite, {
        ...checked,
        table: 'items',
        schema: itemRowSchema,
        sql: ofThread('item_id', 'items', which),
      });
    this.#item = items('item_id = ?');
    this.#itemsBelow = items('ordinal < ? order by ordinal desc limit ?');
    this.#openItems = items('is_open = 1 order by ordinal');
    const requests = (which: string): Query<RequestRow> =>
      new Query(sqlite, {
        ...checked,
        table: 'requests',
        schema: requestRowSchema,
        sql: ofThread('request_id', 'requests', which),
      });
    this.#request = requests('request_id = ?');
    this.#openRequests = requests('is_open = 1 order by request_row_id');
    this.#instance = new Query(sqlite, {
      ...checked,
      table: 'instances',
      schema: instanceRowSchema,
      sql: 'select instance_id as key, row as json, crc from instances where instance_id = ?',
    });
  }

  threadState(threadId: ThreadId): ThreadState | null {
    return this.#state.one(threadId);
  }

  unsettledThreads(): ThreadId[] {
    return [...new Set([...this.#unsettled.all(), ...this.#withOpenItems.all()])];
  }

  turn(threadId: ThreadId, turnId: TurnId): TurnRow | null {
    return this.#turn.one(threadId, turnId);
  }

  turnByNative(threadId: ThreadId, nativeTurnId: string): TurnRow | null {
    return this.#turnByNative.one(threadId, nativeTurnId);
  }

  latestTurn(threadId: ThreadId): TurnRow | null {
    return this.#latestTurn.one(threadId);
  }

  turns(threadId: ThreadId, { above = 0, below = MOST, limit = MOST }: TurnRange): TurnRow[] {
    return this.#turns.all(threadId, above, below, limit);
  }

  item(threadId: ThreadId, itemId: ItemId): ItemRow | null {
    return this.#item.one(threadId, itemId);
  }

  items(threadId: ThreadId, before: number | null, limit: number): ItemRow[] {
    return this.#itemsBelow.all(threadId, before ?? MOST, limit).toReversed();
  }

  openItems(threadId: ThreadId): ItemRow[] {
    return this.#openItems.all(threadId);
  }

  request(threadId: ThreadId, requestId: RequestId): RequestRow | null {
    return this.#request.one(threadId, requestId);
  }

  openRequests(threadId: ThreadId): RequestRow[] {
    return this.#openRequests.all(threadId);
  }

  instance(instanceId: InstanceId): InstanceRow | null {
    return this.#instance.one(instanceId);
  }
}

const ofThread = (key: string, table: string, which: string): string =>
  `select thread_id || ' ' || ${key} as key, row as json, crc from ${table} where thread_id = ? and ${which}`;

function stateOf(columns: Columns): unknown {
  const state = parseJson(columns['state']);
  return { ...(typeof state === 'object' ? state : {}), row: parseJson(columns['row']) };
}
