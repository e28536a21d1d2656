/** `threadchart fork` and `merge`: a thread that branches off, and what it brings back. */
import { withClient, type ClientFlags } from './connection.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

export interface ForkFlags extends ClientFlags {
  readonly turn?: string;
  readonly instance?: string;
  readonly model?: string;
  readonly title?: string;
  readonly worktree?: boolean;
  readonly base?: string;
  readonly branch?: string;
  readonly setup?: string;
}

/** Prints the id of the new thread. */
export function forkCommand(threadId: string, flags: ForkFlags, terminal: Terminal): Promise<ExitCode> {
  return withClient(flags, async (client) => {
    const { turn: turnId, instance: instanceId, model, title } = flags;
    const result = await client.dispatch({
      type: 'thread.fork',
      threadId,
      ...(turnId && { turnId }),
      ...(instanceId && { instanceId }),
      ...(model && { model }),
      ...(title !== undefined && { title }),
      ...worktreeOf(flags),
    });
    terminal.print(result.threadId, result);
    return EXIT_CODES.ok;
  });
}

/** What it is to be like asks for it, too. */
function worktreeOf({ worktree, base, branch, setup }: ForkFlags) {
  if (worktree !== true && base === undefined && branch === undefined && setup === undefined) return {};
  return { worktree: { ...(base && { base }), ...(branch && { branch }), ...(setup && { setup }) } };
}

export function mergeCommand(threadId: string, flags: ClientFlags, terminal: Terminal): Promise<ExitCode> {
  return withClient(flags, async (client) => {
    const result = await client.dispatch({ type: 'thread.mergeBack', threadId });
    terminal.print(`what ${threadId} did goes along with the next prompt of its parent`, result);
    return EXIT_CODES.ok;
  });
}
