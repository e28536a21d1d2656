/** `threadchart tail`: follows a thread until it is interrupted. */
import { withClient, type ClientFlags } from './connection.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';
import { Transcript } from './transcript.ts';
import { waitingFor } from './waiting-for.ts';

export function tailCommand(threadId: string, flags: ClientFlags, terminal: Terminal): Promise<ExitCode> {
  return withClient(flags, async (client) => {
    const { promise, resolve, reject } = Promise.withResolvers<ExitCode>();
    const transcript = new Transcript(terminal, threadId, flags);
    client.subscribeThread(threadId, {
      onError: reject,
      onEvent: (event) => transcript.show(event),
      onView: (view) => terminal.wait(waitingFor(view)),
      onState: ({ status }) => terminal.note(terminal.styleNote('dim', `[${status}]`)),
      onResync: (reason) => terminal.note(`[resync: ${reason}]`),
    });
    const stop = (): void => resolve(EXIT_CODES.ok);
    terminal.signals.on('SIGINT', stop);
    terminal.signals.on('SIGTERM', stop);
    try {
      return await promise;
    } finally {
      terminal.signals.off('SIGINT', stop);
      terminal.signals.off('SIGTERM', stop);
    }
  });
}
