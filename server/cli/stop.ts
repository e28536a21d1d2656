/** `threadchart stop`: interrupts what runs and closes the thread's connection. */
import { withClient, type ClientFlags } from './connection.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

export function stopCommand(threadId: string, flags: ClientFlags, terminal: Terminal): Promise<ExitCode> {
  return withClient(flags, async (client) => {
    const result = await client.dispatch({ type: 'thread.stop', threadId });
    terminal.print(`stopping ${threadId}`, result);
    return EXIT_CODES.ok;
  });
}
