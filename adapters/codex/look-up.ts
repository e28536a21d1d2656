/** What became of a prompt that the last run of the server handed over and did not see to its end. */
import { failureOfRequest } from '../shared/request-failures.ts';
import { ABSENT, reportLookedUp, type Found, type LookUp } from '../shared/look-up.ts';
import { failureOfTurn, isUnknownThread } from './failures.ts';
import { pagesOf } from './pages.ts';
import type { Run } from './run.ts';
import * as wire from './wire.ts';
import type { CodexTurn } from './wire.ts';

/** The longest page of 0.169.0. */
const PAGE_LENGTH = 100;
/** A page takes milliseconds; ten thousand turns are more than anybody has. */
const MOST_PAGES = 100;

export async function lookUp(run: Run, effect: LookUp): Promise<void> {
  const found = await find(run, effect).catch(notFound);
  reportLookedUp(run.host, effect, found);
}

/** `thread/turns/list` reads the file of a thread that is not loaded (0.169.0), newest turn first. */
async function find(run: Run, { nativeThreadId: threadId, clientMessageId }: LookUp): Promise<Found> {
  if (threadId === null) return ABSENT;
  let turnCount = 0;
  const pages = pagesOf(
    (cursor) =>
      run.server.ask({
        method: 'thread/turns/list',
        params: { threadId, cursor, limit: PAGE_LENGTH },
        answer: wire.turnsPageSchema,
      }),
    MOST_PAGES,
  );
  for await (const turns of pages) {
    const turn = turns.find(({ items }) => items.some((item) => isMessage(item, clientMessageId)));
    if (turn !== undefined) return outcomeOf(turn);
    turnCount += turns.length;
  }
  return turnCount < MOST_PAGES * PAGE_LENGTH ? ABSENT : { found: 'unknown', failure: null };
}

function isMessage(item: unknown, clientMessageId: string): boolean {
  const { data } = wire.itemSchema.safeParse(item);
  return data?.type === 'userMessage' && data.clientId === clientMessageId;
}

/** The process that ran it is gone, so a turn without an end was interrupted by that. */
function outcomeOf({ status, error }: CodexTurn): Found {
  if (status === 'failed') return { found: 'failed', failure: failureOfTurn(error) };
  return { found: status === 'completed' ? 'completed' : 'interrupted', failure: null };
}

function notFound(error: unknown): Found {
  if (isUnknownThread(error)) return ABSENT;
  return { found: 'unknown', failure: failureOfRequest('PROVIDER_ERROR', error) };
}
