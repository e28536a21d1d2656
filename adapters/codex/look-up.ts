/** What became of a prompt that the last run of the server handed over and did not see to its end. */
import type { ProviderEffect } from '../../machines/domain/effect.ts';
import type { ThreadInputOf } from '../../machines/domain/input.ts';
import { failureOfRequest, failureOfTurn, isUnknownThread } from './failures.ts';
import type { Run } from './run.ts';
import * as wire from './wire.ts';
import type { CodexTurn } from './wire.ts';

export type LookUp = Extract<ProviderEffect, { type: 'turn.lookUp' }>;
type Found = Pick<ThreadInputOf<'provider.turnLookedUp'>, 'found' | 'failure'>;

const PAGE_LENGTH = 20;
const MAX_PAGE_COUNT = 3;
const ABSENT: Found = { found: 'absent', failure: null };

export async function lookUp(run: Run, effect: LookUp): Promise<void> {
  const { threadId, turnId, attempt } = effect;
  const found = await find(run, effect).catch(notFound);
  run.host.report(threadId, { type: 'provider.turnLookedUp', turnId, attempt, ...found });
  run.host.reportInstance({ type: 'instance.workDone', threadId, connectionId: null });
}

/** `thread/turns/list` reads the file of a thread that is not loaded (0.169.0), newest turn first. */
async function find(run: Run, { nativeThreadId, clientMessageId }: LookUp): Promise<Found> {
  if (nativeThreadId === null) return ABSENT;
  let cursor: string | null = null;
  for (let pageCount = 0; pageCount < MAX_PAGE_COUNT; pageCount += 1) {
    const page: { data: CodexTurn[]; nextCursor?: string | null | undefined } = await run.server.ask({
      method: 'thread/turns/list',
      params: { threadId: nativeThreadId, cursor, limit: PAGE_LENGTH },
      answer: wire.turnsPageSchema,
    });
    const turn = page.data.find(({ items }) => items.some((item) => isMessage(item, clientMessageId)));
    if (turn !== undefined) return outcomeOf(turn);
    cursor = page.nextCursor ?? null;
    if (cursor === null) return ABSENT;
  }
  // it would have been among the newest, unless codex went on by itself for long
  return { found: 'unknown', failure: null };
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
