import type { RequestRow } from '../../machines/domain/request.ts';
import type { GivenCommand } from '../../server/client/client.ts';
import type { Wish } from './action.ts';

/** What is there that a command can name. */
export interface Scene {
  readonly threadId: string;
  readonly queueEntryId: string | undefined;
  readonly request: RequestRow | undefined;
}

/** The wish as a command about what is there. */
export function commandOf(
  { type, text, mode, decision }: Wish,
  { threadId, queueEntryId = 'none', request }: Scene,
): GivenCommand {
  const answer = request?.body.kind === 'question' ? { answers: { q1: ['red'] } } : { decision };
  const more: Readonly<Record<string, object>> = {
    'turn.submit': { text, mode },
    'request.respond': { requestId: request?.requestId ?? 'none', ...answer },
    'queue.cancel': { queueEntryId },
    'queue.promote': { queueEntryId },
    'thread.setTitle': { title: 'another' },
  };
  return { type, threadId, ...more[type] } as GivenCommand;
}
