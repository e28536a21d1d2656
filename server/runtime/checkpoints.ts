/** Performs what the charts ask of the workspace's files. Nobody waits here: each answer enters as an input. */
import { LISTED_FILES, type Overlap } from '../../machines/domain/checkpoint.ts';
import type { CheckpointEffect } from '../../machines/domain/effect.ts';
import { failureOf, RuntimeError } from '../../machines/domain/error.ts';
import type { ThreadId, TurnId } from '../../machines/domain/ids.ts';
import type { RuntimeInput } from '../../machines/domain/input.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { Captured, WorkspaceHistory } from '../../machines/ports/workspace-history.ts';
import type { Clock } from './clock.ts';
import type { Log } from './runtime-options.ts';
import { restoreFiles } from './restore-files.ts';
import type { Threads } from './threads.ts';
import { captureName } from './turn-files.ts';

/** A capture that failed is tried again after so long. The beginning of a turn cannot wait. */
const RETRY_MS = 500;

export interface CheckpointsParts {
  /** `null`: workspaces are not captured here. */
  readonly history: WorkspaceHistory | null;
  readonly journal: Pick<Journal, 'checkpoint' | 'checkpointsAbove'>;
  readonly threads: Pick<Threads, 'peek'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly push: (threadId: ThreadId, input: RuntimeInput) => void;
}

type Capture = Extract<CheckpointEffect, { type: 'checkpoint.capture' }>;
type Restore = Extract<CheckpointEffect, { type: 'checkpoint.restore' }>;

/** A turn whose beginning is captured and whose end is not. */
interface Running extends Overlap {
  readonly root: string;
  readonly tree: string;
  /** Turns of other threads that were running meanwhile. */
  readonly overlaps: Map<TurnId, Overlap>;
}

export class Checkpoints {
  readonly #parts: CheckpointsParts;
  /** By thread: what was asked for last. */
  readonly #queues = new Map<ThreadId, Promise<void>>();
  readonly #running = new Map<TurnId, Running>();

  constructor(parts: CheckpointsParts) {
    this.#parts = parts;
  }

  /** One after the other for each thread. */
  perform(threadId: ThreadId, effect: CheckpointEffect): void {
    const before = this.#queues.get(threadId) ?? Promise.resolve();
    const done = before.then(() => this.#performed(threadId, effect));
    this.#queues.set(threadId, done);
    void done.then(() => {
      if (this.#queues.get(threadId) === done) this.#queues.delete(threadId);
    });
  }

  /** What keeps the thread's captures in these repositories goes; a repository that is gone has nothing. */
  forget(threadId: ThreadId, roots: readonly string[]): void {
    const { history, log } = this.#parts;
    if (history === null) return;
    for (const root of roots) {
      const warn = (thrown: unknown): void =>
        log.warn({ threadId, root, failure: failureOf(thrown) }, 'captured files could not be forgotten');
      void history.forget(root, threadId).catch(warn);
    }
  }

  /** Nothing is under way any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#queues.values());
  }

  async #performed(threadId: ThreadId, effect: CheckpointEffect): Promise<void> {
    const input =
      effect.type === 'checkpoint.capture'
        ? await this.#capture(threadId, effect)
        : await this.#restore(threadId, effect);
    this.#parts.push(threadId, input);
  }

  async #capture(threadId: ThreadId, { turnId, point, tries }: Capture): Promise<RuntimeInput> {
    const named = { turnId, point };
    try {
      if (tries > 1 && point === 'after') await this.#pause(RETRY_MS * (tries - 1));
      const cwd = this.#parts.threads.peek(threadId)?.context.settings.cwd ?? '/';
      const found = await this.#history.capture(cwd, { threadId, name: captureName(turnId, point) });
      if (found.status === 'missing') return { type: 'checkpoint.missing', ...named, reason: found.message };
      const { root, tree, ref, head } = found;
      const told = { type: 'checkpoint.captured', ...named, root, tree, ref, head } as const;
      if (point === 'before') {
        this.#begin({ threadId, turnId, root, tree, overlaps: new Map() });
        return { ...told, changes: null, overlaps: [] };
      }
      return { ...told, ...(await this.#end(threadId, turnId, found)) };
    } catch (thrown) {
      this.#parts.log.warn({ threadId, turnId, failure: failureOf(thrown) }, 'files could not be captured');
      return { type: 'checkpoint.failed', ...named, failure: failureOf(thrown) };
    }
  }

  #begin(turn: Running): void {
    for (const other of this.#running.values()) {
      if (other.root !== turn.root || other.threadId === turn.threadId) continue;
      if (!this.#isRunning(other)) this.#running.delete(other.turnId);
      else {
        turn.overlaps.set(other.turnId, { threadId: other.threadId, turnId: other.turnId });
        other.overlaps.set(turn.turnId, { threadId: turn.threadId, turnId: turn.turnId });
      }
    }
    this.#running.set(turn.turnId, turn);
  }

  /** Or its end is being captured. */
  #isRunning({ threadId, turnId }: Overlap): boolean {
    const context = this.#parts.threads.peek(threadId)?.context;
    if (context === undefined) return false;
    return context.activeTurn?.turnId === turnId || context.captures.some((asked) => asked.turnId === turnId);
  }

  async #end(threadId: ThreadId, turnId: TurnId, { root, tree }: Captured) {
    const running = this.#running.get(turnId);
    const before = running ?? this.#stored(threadId, turnId);
    // without a beginning in the same repository nothing can be said of the turn
    if (before === null || before.root !== root) return { changes: null, overlaps: [] };
    const range = { from: before.tree, to: tree };
    const { total, changes } = await this.#history.changes(root, range, { limit: LISTED_FILES });
    this.#running.delete(turnId);
    const overlaps = [...(running?.overlaps.values() ?? [])];
    const { files: fileCount, additions, deletions } = total;
    return { changes: { fileCount, additions, deletions, files: [...changes] }, overlaps };
  }

  #stored(threadId: ThreadId, turnId: TurnId): { readonly root: string; readonly tree: string } | null {
    const row = this.#parts.journal.checkpoint(threadId, turnId);
    const { root = null, before = null } = row ?? {};
    return root === null || before === null ? null : { root, tree: before.tree };
  }

  async #restore(threadId: ThreadId, { rollbackId, ordinal, files, force }: Restore): Promise<RuntimeInput> {
    try {
      const { journal } = this.#parts;
      const restored = files
        ? await restoreFiles({ journal, history: this.#history }, threadId, { ordinal, force })
        : null;
      return { type: 'checkpoint.restored', rollbackId, restored, failure: null };
    } catch (thrown) {
      this.#parts.log.warn({ threadId, failure: failureOf(thrown) }, 'files could not be put back');
      return { type: 'checkpoint.restored', rollbackId, restored: null, failure: failureOf(thrown) };
    }
  }

  /** @throws {RuntimeError} CHECKPOINT_MISSING */
  get #history(): WorkspaceHistory {
    const { history } = this.#parts;
    if (history !== null) return history;
    throw new RuntimeError('CHECKPOINT_MISSING', 'the files of workspaces are not captured here');
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#parts.clock.after(ms, resolve));
  }
}
