/** The setup command of a working tree: a process of its own, its output an item of the thread. */
import { RuntimeError } from '../../machines/domain/error.ts';
import { connectionIdOf, itemIdOf, type InstanceId, type ThreadId } from '../../machines/domain/ids.ts';
import type { ItemStatus } from '../../machines/domain/item.ts';
import type { HostedProcess, ProcessExit } from '../../machines/ports/process-host.ts';
import type { MadeWorktree } from '../../machines/ports/worktrees.ts';
import type { ThreadWorktreesParts } from './thread-worktrees.ts';

export interface SetupOrder {
  readonly threadId: ThreadId;
  readonly instanceId: InstanceId;
  readonly attempt: number;
  readonly made: MadeWorktree;
  readonly command: string;
}

/** What is beyond it is not shown. */
const MOST_OUTPUT_LENGTH = 1024 * 1024;
/** It reads nothing: nobody could answer. */
const QUIETLY = 'exec /bin/sh -c "$1" </dev/null';

export class WorktreeSetup {
  readonly #parts: Pick<ThreadWorktreesParts, 'processes' | 'deltas'>;
  readonly #order: SetupOrder;
  readonly #decoder = new TextDecoder();
  #process: HostedProcess | null = null;
  #output = '';

  constructor(parts: Pick<ThreadWorktreesParts, 'processes' | 'deltas'>, order: SetupOrder) {
    this.#parts = parts;
    this.#order = order;
  }

  /** With all that came of it. */
  end(): void {
    void this.#process?.end({ force: true }).catch(() => undefined);
  }

  /** @throws {RuntimeError} WORKTREE_SETUP_FAILED unless it exits with 0 */
  async run(): Promise<void> {
    const startedAt = performance.now();
    this.#report('open', {});
    const { exit, error } = await this.#finished();
    const durationMs = Math.round(performance.now() - startedAt);
    const isGood = exit.code === 0;
    this.#report(isGood ? 'completed' : 'failed', { exitCode: exit.code, durationMs });
    if (isGood) return;
    const how =
      error?.message ?? (exit.signal === null ? `exited with ${exit.code}` : `ended by ${exit.signal}`);
    throw new RuntimeError('WORKTREE_SETUP_FAILED', `the setup command of the working tree ${how}`);
  }

  #finished(): Promise<{ exit: ProcessExit; error: Error | null }> {
    const { instanceId, command, made } = this.#order;
    const env = { ...ownEnvironment(), THREADCHART_WORKTREE: made.root, THREADCHART_SOURCE: made.source };
    return new Promise((resolve) => {
      this.#process = this.#parts.processes.spawn(
        { instanceId, command: '/bin/sh', args: ['-c', QUIETLY, 'sh', command], cwd: made.cwd, env },
        {
          onStdout: (bytes) => this.#add(bytes),
          onStderr: (bytes) => this.#add(bytes),
          onExit: (exit, error) => resolve({ exit, error }),
        },
      );
    });
  }

  #add(bytes: Uint8Array): void {
    const room = MOST_OUTPUT_LENGTH - this.#output.length;
    const text = this.#decoder.decode(bytes, { stream: true }).slice(0, room);
    if (text === '') return;
    this.#output += text;
    const { threadId } = this.#order;
    this.#parts.deltas.add(threadId, { type: 'provider.itemDelta', ...this.#place, text });
  }

  #report(status: ItemStatus, more: { exitCode?: number | null; durationMs?: number }): void {
    const { threadId, instanceId, command, made } = this.#order;
    const { itemId, connectionId } = this.#place;
    const body = { kind: 'command', command, cwd: made.cwd, ...more } as const;
    const item = { itemId, body, text: this.#output, status };
    const type = status === 'open' ? 'provider.itemStarted' : 'provider.itemCompleted';
    const place = { connectionId, turnId: null, attempt: 0, nativeTurnId: null };
    this.#parts.deltas.report({ kind: 'provider', instanceId, threadId, input: { type, ...place, item } });
  }

  /** What runs before the first connection counts as of number 0. */
  get #place() {
    const { threadId, attempt } = this.#order;
    return { connectionId: connectionIdOf(threadId, 0), itemId: itemIdOf(threadId, `setup:${attempt}`) };
  }
}

/** Where git works must not be said to it by the server's own environment. */
const ownEnvironment = (): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
