/** `threadchart tail`: follows a thread until it is deleted, or until Ctrl-C. */
import type { Status } from '../../machines/domain/fact.ts';
import { withClient, type ClientFlags } from './connection.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';
import { Transcript } from './transcript.ts';
import { waitingFor } from './waiting-for.ts';
import { WholeEvents } from './whole-events.ts';

export function tailCommand(threadId: string, flags: ClientFlags, terminal: Terminal): Promise<ExitCode> {
  return withClient(flags, async (client) => {
    const { promise, resolve, reject } = Promise.withResolvers<ExitCode>();
    const transcript = new Transcript(terminal, threadId, flags);
    const tellStatus = (status: Status): void => terminal.note(terminal.styleNote('dim', `[${status}]`));
    const events = new WholeEvents(
      { client, threadId },
      {
        onError: reject,
        onEvent: (event) => {
          transcript.show(event);
          if (event.fact.type === 'thread.statusChanged') tellStatus(event.fact.status);
          if (event.fact.type === 'thread.deleted') resolve(EXIT_CODES.ok);
        },
        onView: (view) => terminal.wait(waitingFor(view)),
        onResync: (reason) => transcript.startOver(reason),
      },
    );
    const stop = (): void => resolve(EXIT_CODES.ok);
    terminal.signals.on('SIGINT', stop);
    terminal.signals.on('SIGTERM', stop);
    try {
      return await promise;
    } finally {
      events.end();
      terminal.signals.off('SIGINT', stop);
      terminal.signals.off('SIGTERM', stop);
    }
  });
}
