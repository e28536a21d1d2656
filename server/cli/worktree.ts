/** `threadchart worktree`: the working trees of threads, those of deleted ones included; needs no server. */
import { RuntimeError } from '../../machines/domain/error.ts';
import type { Worktrees, WorktreeStatus } from '../../machines/ports/worktrees.ts';
import type { CliParts } from '../cli.ts';
import { loadConfig, type ConfigFlags } from '../config.ts';
import { worktreesFolder } from '../serve.ts';
import { counted } from './counted.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { threadIdOf } from './given-ids.ts';
import type { Terminal } from './terminal.ts';

type Parts = Pick<CliParts, 'adapters'> & { readonly terminal: Terminal };

export async function listWorktreesCommand(flags: ConfigFlags, parts: Parts): Promise<ExitCode> {
  const all = await worktreesOf(flags, parts).list();
  if (all.length === 0) parts.terminal.note('no working trees');
  for (const status of all)
    parts.terminal.print(`${status.threadId}  ${status.root}  ${status.branch}  ${unsaved(status)}`, status);
  return EXIT_CODES.ok;
}

/** @throws {RuntimeError} WORKTREE_FAILED where it is kept */
export async function removeWorktreeCommand(
  thread: string,
  flags: ConfigFlags & { readonly force?: boolean },
  parts: Parts,
): Promise<ExitCode> {
  const threadId = threadIdOf(thread);
  const removal = await worktreesOf(flags, parts).remove(threadId, { force: flags.force === true });
  if (removal.outcome === 'kept') {
    const why = `${removal.status.root} has ${unsaved(removal.status)}; --force removes it all the same`;
    throw new RuntimeError('WORKTREE_FAILED', why);
  }
  const text =
    removal.outcome === 'none' ? `thread ${thread} has no working tree` : `removed that of ${thread}`;
  parts.terminal.print(text, removal);
  return EXIT_CODES.ok;
}

function worktreesOf(flags: ConfigFlags, { adapters }: Parts): Worktrees {
  const worktrees = adapters.makeWorktrees?.(worktreesFolder(loadConfig(flags, process.env)));
  if (worktrees !== undefined) return worktrees;
  throw new RuntimeError('WORKTREE_FAILED', 'there are no working trees here');
}

function unsaved({ problem, uncommittedCount, unpushedCount }: WorktreeStatus): string {
  if (problem !== null) return `an unknown state (${problem})`;
  if (uncommittedCount + unpushedCount === 0) return 'nothing that would be lost';
  const files = `${counted(uncommittedCount, 'file')} not committed`;
  return `${files}, ${counted(unpushedCount, 'commit')} on no other branch or remote`;
}
