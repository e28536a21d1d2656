/** Checkpoints, and the mark of what a rollback took out of the conversation. */
import type { CheckpointRow, RollbackTarget } from './checkpoint.ts';
import { inheritedTurnOrdinal } from './evolve-state.ts';
import type { ThreadTables } from './evolve.ts';
import type { Fact, FactEvent, FactOf } from './fact.ts';
import type { TurnId } from './ids.ts';

type CaptureFact = Extract<Fact, { point: unknown }>;

export function evolveCheckpoints(tables: ThreadTables, { fact, at }: FactEvent): void {
  if (fact.type === 'rollback.ended') return rollBack(tables, fact, at);
  if (!('point' in fact)) return;
  const row = tables.checkpoints.get(fact.turnId) ?? newRow(tables, fact.turnId, at);
  if (row !== null) tables.checkpoints.set(fact.turnId, { ...row, ...changeOf(row, fact), updatedAt: at });
}

/** `null`: of no turn that is known. */
function newRow({ turns }: ThreadTables, turnId: TurnId, at: number): CheckpointRow | null {
  const turn = turns.get(turnId);
  if (turn === undefined) return null;
  return {
    turnId,
    ordinal: turn.ordinal,
    status: 'capturing',
    root: null,
    before: null,
    after: null,
    reason: null,
    failure: null,
    fileCount: 0,
    files: [],
    overlaps: [],
    restored: false,
    createdAt: at,
    updatedAt: at,
  };
}

function changeOf(row: CheckpointRow, fact: CaptureFact): Partial<CheckpointRow> {
  switch (fact.type) {
    case 'checkpoint.capturing':
      return {};
    case 'checkpoint.captured':
      return capturedIn(row, fact);
    case 'checkpoint.missing':
      return { status: 'missing', reason: fact.reason };
    case 'checkpoint.failed':
      return { status: 'failed', failure: fact.failure };
  }
}

function capturedIn(row: CheckpointRow, fact: FactOf<'checkpoint.captured'>): Partial<CheckpointRow> {
  const { point, root, tree, ref, head, changes, overlaps } = fact;
  const side = { [point]: { tree, ref, ...(head !== undefined && { head }) } };
  if (point === 'before') return { ...side, root };
  // an end without its beginning says nothing
  const status = row.before === null ? row.status : 'captured';
  return { ...side, root, status, overlaps, fileCount: changes?.fileCount ?? 0, files: changes?.files ?? [] };
}

function rollBack(tables: ThreadTables, fact: FactOf<'rollback.ended'>, at: number): void {
  const { target, turnIds, failure } = fact;
  if (failure !== null) return;
  if (target.files) {
    for (const row of tables.checkpointsAbove(target.ordinal)) {
      tables.checkpoints.set(row.turnId, { ...row, restored: true, updatedAt: at });
    }
  }
  if (!target.conversation) return;
  const since = markTurns(tables, turnIds);
  noteStaying(tables, target);
  markItems(tables, { turnIds: new Set(turnIds), since, at });
}

/** The newest turns are those that stay; what a fork has inherited does in any case. */
function noteStaying(tables: ThreadTables, { turnId, ordinal }: RollbackTarget): void {
  const { state } = tables;
  if (state === null) return;
  const turn = turnId === null ? undefined : tables.turns.get(turnId);
  const staying = turn?.status === 'completed' ? ordinal : (turn?.completedBefore ?? null);
  const inherited = inheritedTurnOrdinal(state.lineage);
  const completedTurnOrdinal = staying ?? (inherited === 0 ? null : inherited);
  tables.state = { ...state, completedTurnOrdinal, turnOrdinal: Math.max(ordinal, inherited) };
}

/** When the first of them began; 0 where one is not known. */
function markTurns(tables: ThreadTables, turnIds: readonly TurnId[]): number {
  let since = Infinity;
  for (const turnId of turnIds) {
    const turn = tables.turns.get(turnId);
    since = Math.min(since, turn?.begunAt ?? 0);
    if (turn !== undefined) tables.turns.set(turnId, { ...turn, status: 'rolledBack' });
  }
  const { state } = tables;
  const planned = state?.plan?.turnId ?? null;
  if (state !== null && planned !== null && turnIds.includes(planned)) {
    tables.state = { ...state, plan: null };
  }
  return since;
}

interface Marking {
  readonly turnIds: ReadonlySet<TurnId>;
  readonly since: number;
  readonly at: number;
}

function markItems(tables: ThreadTables, { turnIds, since, at }: Marking): void {
  for (const item of tables.itemsSince(since)) {
    if (item.turnId === null || !turnIds.has(item.turnId)) continue;
    tables.items.set(item.itemId, { ...item, rolledBack: true, updatedAt: at });
  }
}
