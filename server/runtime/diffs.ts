/** What the turns of a thread changed in its workspace, for clients: read from the store and the repository. */
import type { ChangedFile, CheckpointRow } from '../../machines/domain/checkpoint.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { ThreadId, TurnId } from '../../machines/domain/ids.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { TreeRange, WorkspaceHistory } from '../../machines/ports/workspace-history.ts';
import { allChanges, listed, planFiles } from './restore-files.ts';
import { reasonIn } from './rollback-command.ts';
import type { DiffQuery, DiffRead, Diffs, RollbackPlanRead, RollbackQuery } from './api.ts';

export interface DiffsParts {
  readonly journal: Journal;
  readonly history: WorkspaceHistory | null;
}

/** A file list in one repository, and where its text comes from. */
interface Source {
  readonly root: string;
  readonly range: TreeRange;
  readonly files: readonly ChangedFile[];
}

const ITEM_PAGE = 200;

export class StoredDiffs implements Diffs {
  readonly #journal: Journal;
  readonly #history: WorkspaceHistory | null;

  constructor({ journal, history }: DiffsParts) {
    this.#journal = journal;
    this.#history = history;
  }

  async ofTurn(threadId: ThreadId, turnId: TurnId, query: DiffQuery): Promise<DiffRead> {
    const row = this.#journal.checkpoint(threadId, turnId);
    const range = row === null ? null : rangeOf(row, row);
    if (row?.status !== 'captured' || row.root === null || range === null || this.#history === null) {
      return this.#missing(threadId, turnId, { row, query });
    }
    const files = await allChanges(this.#history, row.root, range);
    return this.#page({ root: row.root, range, files }, query);
  }

  /** From the first turn whose files are known to the last: of what lies between, the paths that a turn changed. */
  async ofThread(threadId: ThreadId, query: DiffQuery): Promise<DiffRead> {
    const { root, rows } = this.#captured(threadId);
    const [first] = rows;
    const last = rows.at(-1);
    const range = first === undefined || last === undefined ? null : rangeOf(first, last);
    if (root === null || range === null || this.#history === null) return this.#uncaptured(threadId);
    const touched = new Set(await this.#pathsOf(this.#history, root, rows));
    const all = await allChanges(this.#history, root, range);
    const files = all.filter(({ path, oldPath = path }) => touched.has(path) || touched.has(oldPath));
    return this.#page({ root, range, files }, query);
  }

  /** Nothing that is left of the thread was captured. */
  #uncaptured(threadId: ThreadId): DiffRead {
    const newest = this.#journal.checkpointsAbove(threadId, 0).at(-1) ?? null;
    const isPutBack = newest?.status === 'captured' && newest.restored;
    return { ...NOTHING, ...(isPutBack ? { status: 'captured', reason: null } : statusOf(newest)) };
  }

  /** @throws {RuntimeError} TURN_NOT_FOUND, CHECKPOINT_MISSING, CHECKPOINT_LOST, GIT_FAILED */
  async plan(threadId: ThreadId, query: RollbackQuery): Promise<RollbackPlanRead> {
    const { turnId, files, conversation, force } = query;
    const ordinal = turnId === null ? 0 : this.#ordinalOf(threadId, turnId);
    const later = conversation ? this.#journal.turns(threadId, { above: ordinal }).toReversed() : [];
    const turnIds = later.filter(({ status }) => status !== 'rolledBack').map((turn) => turn.turnId);
    if (this.#history === null || !files)
      return { turnIds, restore: [], restoreCount: 0, conflicts: [], conflictCount: 0 };
    const parts = { journal: this.#journal, history: this.#history };
    const plans = await planFiles(parts, threadId, { ordinal, force });
    const restore = plans.flatMap(({ plan }) => plan.restore);
    const conflicts = plans.flatMap(({ plan }) => plan.conflicts);
    return {
      turnIds,
      restore: restore.slice(0, LISTED_PATHS).map(({ path, to }) => ({ path, remains: to !== null })),
      restoreCount: restore.length,
      conflicts: listed(conflicts),
      conflictCount: conflicts.length,
    };
  }

  #ordinalOf(threadId: ThreadId, turnId: TurnId): number {
    const turn = this.#journal.turn(threadId, turnId);
    if (turn !== null && turn.status !== 'rolledBack') return turn.ordinal;
    throw new RuntimeError('TURN_NOT_FOUND', `thread ${threadId} has no turn ${turnId} to go back to`);
  }

  /** Of the repository that the newest turn worked in. */
  #captured(threadId: ThreadId): { readonly root: string | null; readonly rows: readonly CheckpointRow[] } {
    const rows = this.#journal
      .checkpointsAbove(threadId, 0)
      .filter(({ status, restored }) => status === 'captured' && !restored);
    const root = rows.at(-1)?.root ?? null;
    return { root, rows: rows.filter((row) => row.root === root) };
  }

  async #pathsOf(history: WorkspaceHistory, root: string, rows: readonly CheckpointRow[]): Promise<string[]> {
    const paths: string[] = [];
    for (const row of rows) {
      const range = rangeOf(row, row);
      const isWhole = row.files.length === row.fileCount;
      const files = isWhole || range === null ? row.files : await allChanges(history, root, range);
      paths.push(...files.flatMap(({ path, oldPath }) => (oldPath === undefined ? [path] : [path, oldPath])));
    }
    return paths;
  }

  async #page({ root, range, files }: Source, query: DiffQuery): Promise<DiffRead> {
    const { path, cursor = '0', limit, text } = query;
    const from = Number(cursor);
    const wanted = path === undefined ? files : files.filter((file) => file.path === path);
    const page = wanted.slice(from, from + limit);
    return {
      status: 'captured',
      reason: null,
      ...sumOf(wanted),
      files: page,
      next: from + limit < wanted.length ? String(from + limit) : null,
      ...(text ? await this.#text({ root, range, files: page }) : { diff: null, truncated: false }),
    };
  }

  /** File by file: paths of others lie between. Bounded as a whole. */
  async #text({ root, range, files }: Source): Promise<{ diff: string; truncated: boolean }> {
    let diff = '';
    for (const { path, oldPath } of files) {
      const maxBytes = DIFF_BYTES - Buffer.byteLength(diff);
      if (maxBytes <= 0) return { diff, truncated: true };
      const named = { path, ...(oldPath === undefined ? {} : { oldPath }) };
      const part = await this.#history?.diff(root, { ...range, ...named, maxBytes });
      diff += part?.text ?? '';
      if (part?.truncated === true) return { diff, truncated: true };
    }
    return { diff, truncated: false };
  }

  /** What the provider itself said of files, where nothing else is known. */
  #missing(threadId: ThreadId, turnId: TurnId, { row, query }: Missing): DiffRead {
    const turn = this.#journal.turn(threadId, turnId);
    if (turn === null) throw new RuntimeError('TURN_NOT_FOUND', `thread ${threadId} has no turn ${turnId}`);
    const told = this.#itemsOf(threadId, turnId, turn.begunAt).flatMap(({ body }) =>
      body.kind === 'file_change' ? body.changes : [],
    );
    const files = [...new Map(told.map((change) => [change.path, change])).values()];
    const { path: named, cursor = '0', limit, text } = query;
    const wanted = named === undefined ? files : files.filter(({ path }) => path === named);
    const from = Number(cursor);
    const page = wanted.slice(from, from + limit);
    const diff = page.map((change) => change.diff ?? '').join('\n');
    return {
      ...NOTHING,
      ...statusOf(row),
      fileCount: wanted.length,
      files: page.map(({ path, kind, from: oldPath }) => ({
        path,
        kind,
        ...(oldPath === undefined ? {} : { oldPath }),
        additions: null,
        deletions: null,
      })),
      next: from + limit < wanted.length ? String(from + limit) : null,
      diff: text ? diff.slice(0, DIFF_BYTES) : null,
    };
  }

  #itemsOf(threadId: ThreadId, turnId: TurnId, since: number): ItemRow[] {
    const found: ItemRow[] = [];
    for (let before: number | null = null; ;) {
      const page = this.#journal.items(threadId, before, ITEM_PAGE);
      found.unshift(...page.filter((item) => item.turnId === turnId));
      const [first] = page;
      if (first === undefined || first.createdAt < since) return found;
      before = first.ordinal;
    }
  }
}

interface Missing {
  readonly row: CheckpointRow | null;
  readonly query: DiffQuery;
}

const DIFF_BYTES = 256 * 1024;
const LISTED_PATHS = 1000;
const NOTHING = {
  reason: null,
  fileCount: 0,
  additions: 0,
  deletions: 0,
  files: [],
  next: null,
  diff: null,
  truncated: false,
};

function statusOf(row: CheckpointRow | null): Pick<DiffRead, 'status' | 'reason'> {
  if (row === null) return { status: 'missing', reason: 'no checkpoint was taken' };
  const reason = reasonIn(row)?.reason ?? null;
  return { status: row.status === 'captured' ? 'missing' : row.status, reason };
}

const rangeOf = ({ before }: CheckpointRow, { after }: CheckpointRow): TreeRange | null =>
  before === null || after === null ? null : { from: before.tree, to: after.tree };

function sumOf(files: readonly ChangedFile[]) {
  let [additions, deletions] = [0, 0];
  for (const file of files) {
    additions += file.additions ?? 0;
    deletions += file.deletions ?? 0;
  }
  return { fileCount: files.length, additions, deletions };
}
