/**
 * (tables, fact) → tables: the only fold of facts. The server's projections, clients, replay and time travel use this
 * one; they differ only in where the tables are kept.
 */
import type { Fact, FactEvent, FactOf } from './fact.ts';
import type { ItemId, RequestId, TurnId } from './ids.ts';
import type { ItemRow } from './item.ts';
import type { RequestRow } from './request.ts';
import type { CheckpointRow } from './checkpoint.ts';
import { evolveCheckpoints } from './evolve-checkpoints.ts';
import { evolveItems } from './evolve-items.ts';
import { evolveState, initialState } from './evolve-state.ts';
import type { ThreadState } from './snapshot.ts';
import type { TurnRow } from './turn.ts';

export interface Table<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): void;
}

/** Where a thread's rows are kept while facts are folded into them. */
export interface ThreadTables {
  state: ThreadState | null;
  readonly turns: Table<TurnId, TurnRow>;
  readonly items: Table<ItemId, ItemRow>;
  readonly requests: Table<RequestId, RequestRow>;
  readonly checkpoints: Table<TurnId, CheckpointRow>;
  /** Checkpoints of turns with a higher ordinal. */
  checkpointsAbove(ordinal: number): readonly CheckpointRow[];
  /** Items that were made at that time (epoch ms) or later, at least. */
  itemsSince(at: number): readonly ItemRow[];
  /** Items that the provider has not completed; of one turn, or of the whole thread for `null`. */
  openItems(turnId: TurnId | null): readonly ItemRow[];
  /** More text of an open item; unknown items are left alone (`item.started` comes first). */
  append(itemId: ItemId, text: string): void;
}

/** Applies one fact. Facts about rows that do not exist change nothing. */
export function evolve(tables: ThreadTables, event: FactEvent): void {
  const { fact } = event;
  if (fact.type === 'thread.created') tables.state = initialState(fact, event.at);
  else if (tables.state !== null) tables.state = evolveState(tables.state, event);
  if (fact.type.startsWith('turn.')) evolveTurns(tables, event);
  else if (fact.type.startsWith('request.')) evolveRequests(tables, event);
  evolveItems(tables, event);
  evolveCheckpoints(tables, event);
}

function evolveTurns(tables: ThreadTables, { fact, at }: FactEvent): void {
  if (fact.type === 'turn.began') return noteBegun(tables, fact, at);
  if (!('turnId' in fact) || fact.turnId === null) return;
  const turn = tables.turns.get(fact.turnId);
  if (turn === undefined) return;
  tables.turns.set(fact.turnId, evolveTurn(turn, fact, at));
  if (fact.type === 'turn.ended' && fact.outcome === 'completed') noteCompleted(tables, turn);
}

function noteBegun(tables: ThreadTables, fact: FactOf<'turn.began'>, at: number): void {
  const { state } = tables;
  const { itemCount: itemsBefore = null, completedTurnOrdinal: completedBefore = null } = state ?? {};
  if (state !== null) tables.state = { ...state, turnOrdinal: fact.ordinal };
  tables.turns.set(fact.turnId, {
    ...begunTurn(fact, at),
    ...(itemsBefore !== null && { itemsBefore }),
    ...(completedBefore !== null && { completedBefore }),
  });
}

function noteCompleted(tables: ThreadTables, { ordinal }: TurnRow): void {
  const { state } = tables;
  if (state === null || ordinal <= (state.completedTurnOrdinal ?? 0)) return;
  tables.state = { ...state, completedTurnOrdinal: ordinal };
}

function begunTurn(fact: FactOf<'turn.began'>, at: number): TurnRow {
  const { type: _, ...began } = fact;
  return {
    ...began,
    status: fact.origin === 'provider' ? 'running' : 'starting',
    failure: null,
    reason: null,
    into: null,
    begunAt: at,
    startedAt: fact.origin === 'provider' ? at : null,
    endedAt: null,
  };
}

function evolveTurn(turn: TurnRow, fact: Fact, at: number): TurnRow {
  switch (fact.type) {
    case 'turn.accepted':
      return { ...turn, nativeTurnId: fact.nativeTurnId ?? turn.nativeTurnId };
    case 'turn.started':
      return {
        ...turn,
        status: 'running',
        nativeTurnId: fact.nativeTurnId ?? turn.nativeTurnId,
        startedAt: turn.startedAt ?? at,
      };
    case 'turn.attempted':
      return { ...turn, attempt: fact.attempt };
    case 'turn.promoted':
      return { ...turn, side: false };
    case 'turn.interrupting':
      return { ...turn, reason: fact.reason };
    case 'turn.ended':
      return {
        ...turn,
        status: fact.outcome,
        failure: fact.failure,
        reason: fact.reason,
        into: fact.into,
        endedAt: at,
      };
    default:
      return turn;
  }
}

function evolveRequests(tables: ThreadTables, { fact, at }: FactEvent): void {
  if (fact.type === 'request.opened') {
    const { request } = fact;
    tables.requests.set(request.requestId, {
      ...request,
      status: 'open',
      answer: null,
      outcome: null,
      failure: null,
      createdAt: at,
      updatedAt: at,
    });
    return;
  }
  if (!('requestId' in fact)) return;
  const row = tables.requests.get(fact.requestId);
  if (row !== undefined) tables.requests.set(fact.requestId, { ...evolveRequest(row, fact), updatedAt: at });
}

function evolveRequest(row: RequestRow, fact: Fact): RequestRow {
  switch (fact.type) {
    case 'request.answering':
      return { ...row, status: 'answering', answer: fact.answer, failure: null };
    case 'request.undeliverable':
      return { ...row, status: 'undeliverable', failure: fact.failure };
    case 'request.handedOver':
      return { ...row, owner: fact.owner };
    case 'request.closed':
      return { ...row, status: 'closed', outcome: fact.outcome };
    default:
      return row;
  }
}
