/** What became of a prompt that the last run of the server handed over and did not see to its end. */
import { failure } from '../../machines/domain/error.ts';
import { ABSENT, reportLookedUp, type Found, type LookUp } from '../shared/look-up.ts';
import { failureOfRun } from './failures.ts';
import type { Run } from './run.ts';
import { SdkProcess } from './sdk-process.ts';
import { foundSchema } from './wire.ts';

/** The store is the SDK's, so a process of it is asked, which is ended again. */
export async function lookUp(run: Run, effect: LookUp): Promise<void> {
  const found = await find(run, effect).catch((error: unknown): Found => ({
    found: 'unknown',
    failure: failure('PROVIDER_ERROR', `cursor cannot be asked for the prompt: ${String(error)}`),
  }));
  reportLookedUp(run.host, effect, found);
}

async function find({ spec, host }: Run, { nativeThreadId, clientMessageId: key }: LookUp): Promise<Found> {
  if (nativeThreadId === null) return { ...ABSENT, forgotten: true };
  const process = new SdkProcess(spec, host, { onNotification: () => {}, onExit: () => {} });
  try {
    const params = { agentId: nativeThreadId, key };
    return foundIn(await process.ask({ method: 'lookUp', params, answer: foundSchema }));
  } finally {
    await process.end(true);
  }
}

interface Kept {
  readonly isKnown: boolean;
  readonly run: { readonly status: string; readonly error: string | null } | null;
}

/** The process that ran it is gone, so a run without an end was interrupted by that. */
export function foundIn({ isKnown, run }: Kept): Found {
  if (run === null) return isKnown ? ABSENT : { ...ABSENT, forgotten: true };
  if (run.status === 'finished') return { found: 'completed', failure: null };
  if (run.status !== 'error') return { found: 'interrupted', failure: null };
  return { found: 'failed', failure: failureOfRun(run.error === null ? null : { message: run.error }) };
}
