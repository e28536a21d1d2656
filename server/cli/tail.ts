/** `threadchart tail`: follows a thread until it is interrupted. */
import { withClient, type ClientFlags } from './connection.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';
import { Transcript } from './transcript.ts';

export function tailCommand(threadId: string, flags: ClientFlags, terminal: Terminal): Promise<ExitCode> {
  return withClient(flags, async (client) => {
    const { promise, resolve, reject } = Promise.withResolvers<ExitCode>();
    const transcript = new Transcript(terminal, threadId);
    client.subscribeThread(threadId, {
      onError: reject,
      onEvent: (event) => transcript.show(event),
      onState: ({ status }) => terminal.note(`[${status}]`),
      onResync: (reason) => terminal.note(`[resync: ${reason}]`),
    });
    const stop = (): void => resolve(EXIT_CODES.ok);
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    return promise;
  });
}
