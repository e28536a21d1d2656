/** What became of a prompt that the last run of the server handed over and did not see to its end. */
import { z } from 'zod';
import { failure } from '../../machines/domain/error.ts';
import { ABSENT, reportLookedUp, type Found, type LookUp } from '../shared/look-up.ts';
import { failureOfResult } from './failures.ts';
import { hasMessages, readHistory, turnIn, type Entry } from './history.ts';
import { messageUuid } from './requests.ts';
import type { Run } from './run.ts';

export async function lookUp(run: Run, effect: LookUp): Promise<void> {
  const found = await find(run, effect).catch((error: unknown): Found => ({
    found: 'unknown',
    failure: failure('PROVIDER_ERROR', `the transcript cannot be read: ${String(error)}`),
  }));
  reportLookedUp(run.host, effect, found);
}

async function find(run: Run, { nativeThreadId, clientMessageId }: LookUp): Promise<Found> {
  const history = await readHistory(run.spec.env, nativeThreadId ?? '');
  if (history === null || !hasMessages(history)) return { ...ABSENT, forgotten: true };
  return outcomeIn(history, messageUuid(clientMessageId));
}

/** The process that ran it is gone, so a turn without an end was interrupted by that. */
export function outcomeIn(entries: readonly Entry[], uuid: string): Found {
  const last = turnIn(entries, uuid)?.findLast(({ type }) => type === 'assistant');
  if (last === undefined) return entries.some((entry) => entry.uuid === uuid) ? CUT_OFF : ABSENT;
  if (last.isApiErrorMessage) return { found: 'failed', failure: failureIn(last) };
  const isDone = last.message?.stop_reason === 'end_turn' || last.message?.stop_reason === 'stop_sequence';
  return isDone ? { found: 'completed', failure: null } : CUT_OFF;
}

const CUT_OFF: Found = { found: 'interrupted', failure: null };

function failureIn({ error, apiErrorStatus, message }: Entry) {
  const parts =
    z.array(z.looseObject({ text: z.string().optional() })).safeParse(message?.content).data ?? [];
  const result = parts.map(({ text }) => text ?? '').join('\n');
  const status = { subtype: 'success', is_error: true, api_error_status: apiErrorStatus, modelUsage: {} };
  return failureOfResult({ ...status, result }, typeof error === 'string' ? error : '');
}
