/** `threadchart switch`: the thread goes on with another agent, which is told what it has not seen. */
import { withClient, type ClientFlags } from './connection.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

export interface SwitchFlags extends ClientFlags {
  readonly model?: string;
}

export function switchCommand(
  { threadId, instanceId }: { readonly threadId: string; readonly instanceId: string },
  flags: SwitchFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  return withClient(flags, async (client) => {
    const { model } = flags;
    const command = { type: 'thread.switchProvider', threadId, instanceId, ...(model && { model }) } as const;
    const result = await client.dispatch(command);
    terminal.print(`${threadId} goes on with ${instanceId}`, result);
    return EXIT_CODES.ok;
  });
}
