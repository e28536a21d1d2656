/** Makes, sets up and removes the working trees of threads: one thing at a time for each thread. */
import type { WorktreeEffect } from '../../machines/domain/effect.ts';
import { failureOf, RuntimeError, type Failure } from '../../machines/domain/error.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { RuntimeInput } from '../../machines/domain/input.ts';
import type { ProcessHost } from '../../machines/ports/process-host.ts';
import type { Worktrees } from '../../machines/ports/worktrees.ts';
import type { DeltaBuffer } from './delta-buffer.ts';
import type { Arrival } from './ingress.ts';
import type { Log } from './runtime-options.ts';
import { turnFiles, type TurnFilesParts } from './turn-files.ts';
import { WorktreeSetup } from './worktree-setup.ts';

export interface ThreadWorktreesParts extends TurnFilesParts {
  /** Absent: none can be made here. */
  readonly worktrees?: Worktrees;
  readonly processes: ProcessHost;
  readonly deltas: DeltaBuffer;
  readonly push: (arrival: Arrival) => void;
  readonly log: Log;
  readonly redact: (text: string) => string;
}

type Prepare = Extract<WorktreeEffect, { type: 'worktree.prepare' }>;

export class ThreadWorktrees {
  readonly #parts: ThreadWorktreesParts;
  /** The try that counts; another one ends it. */
  readonly #tries = new Map<ThreadId, Try>();
  readonly #queues = new Map<ThreadId, Promise<void>>();
  #isOver = false;

  constructor(parts: ThreadWorktreesParts) {
    this.#parts = parts;
  }

  perform(effect: WorktreeEffect): void {
    const { threadId } = effect;
    this.#tries.get(threadId)?.end();
    this.#tries.delete(threadId);
    if (this.#isOver) return;
    if (effect.type === 'worktree.prepare') this.#prepare(effect);
    if (effect.type === 'worktree.remove') this.remove(threadId);
  }

  /** Those of deleted threads, which a run that was killed has left. */
  async removeLeft(isDeleted: (threadId: ThreadId) => boolean): Promise<void> {
    const { worktrees, log } = this.#parts;
    try {
      const threadIds = (await worktrees?.threadIds()) ?? [];
      if (this.#isOver) return;
      for (const threadId of threadIds.filter(isDeleted)) this.remove(threadId);
    } catch (error) {
      log.warn({ failure: failureOf(error) }, 'what is left of working trees could not be looked for');
    }
  }

  /** Of a thread that is gone. What would be lost with it stays, and is told in the log. */
  remove(threadId: ThreadId): void {
    const { worktrees, log } = this.#parts;
    if (worktrees === undefined) return;
    this.#inTurn(threadId, async () => {
      try {
        const removal = await worktrees.remove(threadId);
        if (removal.outcome === 'kept')
          log.warn({ ...removal.status }, 'the working tree of a deleted thread is kept: work would be lost');
      } catch (error) {
        log.warn({ threadId, failure: failureOf(error) }, 'a working tree could not be removed');
      }
    });
  }

  /** Ends what runs; the next start of the server begins it again. */
  async dispose(): Promise<void> {
    this.#isOver = true;
    for (const each of this.#tries.values()) each.end();
    await Promise.all(this.#queues.values());
  }

  #prepare(effect: Prepare): void {
    const one = new Try(this.#parts, effect);
    this.#tries.set(effect.threadId, one);
    this.#inTurn(effect.threadId, () => one.run());
  }

  #inTurn(threadId: ThreadId, work: () => Promise<void>): void {
    const end = (this.#queues.get(threadId) ?? Promise.resolve()).then(work).finally(() => {
      if (this.#queues.get(threadId) === end) this.#queues.delete(threadId);
    });
    this.#queues.set(threadId, end);
  }
}

/** One try to make a working tree and to set it up. Says nothing any more once it is ended. */
class Try {
  readonly #parts: ThreadWorktreesParts;
  readonly #effect: Prepare;
  #setup: WorktreeSetup | null = null;
  #isEnded = false;

  constructor(parts: ThreadWorktreesParts, effect: Prepare) {
    this.#parts = parts;
    this.#effect = effect;
  }

  end(): void {
    this.#isEnded = true;
    this.#setup?.end();
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const { attempt } = this.#effect;
    try {
      const input = await this.#make();
      if (!this.#isEnded) this.#tell(input);
    } catch (error) {
      if (!this.#isEnded) this.#tell({ type: 'worktree.failed', attempt, failure: this.#failureOf(error) });
    }
  }

  /** Whatever it was, what the thread lacks is its tree. */
  #failureOf(error: unknown): Failure {
    const { code, ...rest } = failureOf(error);
    const message = this.#parts.redact(rest.message);
    return { ...rest, message, code: code.startsWith('WORKTREE_') ? code : 'WORKTREE_FAILED' };
  }

  async #make(): Promise<RuntimeInput> {
    const { worktrees } = this.#parts;
    const { threadId, cwd, attempt, request } = this.#effect;
    if (worktrees === undefined)
      throw new RuntimeError('WORKTREE_FAILED', 'this server makes no working trees');
    if (this.#isEnded) throw new RuntimeError('WORKTREE_FAILED', 'it is not wanted any more');
    const { setup, filesOf, ...asked } = request;
    const files = filesOf && (await turnFiles(this.#parts, filesOf));
    const made = await worktrees.add({ threadId, cwd, ...asked, ...(files && { files }) });
    if (setup !== null && !this.#isEnded) {
      this.#setup = new WorktreeSetup(this.#parts, { ...this.#effect, made, command: setup });
      await this.#setup.run();
    }
    const { root, branch, source } = made;
    return { type: 'worktree.made', attempt, root, cwd: made.cwd, branch, source };
  }

  #tell(input: RuntimeInput): void {
    this.#parts.push({ kind: 'runtime', threadId: this.#effect.threadId, input });
  }
}
