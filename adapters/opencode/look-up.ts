/** What became of a prompt that the last run of the server handed over and did not see to its end. */
import { tmpdir } from 'node:os';
import { ABSENT, reportLookedUp, type Found, type LookUp } from '../shared/look-up.ts';
import { failureOfRequest, failureOfTurn, isAborted, isUnknown } from './failures.ts';
import { isOurs } from './message-ids.ts';
import { readMessages, readSession } from './requests.ts';
import type { Run } from './run.ts';
import * as wire from './wire.ts';
import type { AssistantMessage } from './wire.ts';

const MOST_MESSAGES = 10_000;

export async function lookUp(run: Run, effect: LookUp): Promise<void> {
  reportLookedUp(run.host, effect, await find(run, effect).catch(notFound));
}

async function find(run: Run, { nativeThreadId, clientMessageId }: LookUp): Promise<Found> {
  if (nativeThreadId === null) return ABSENT;
  const anywhere = { nativeThreadId, directory: tmpdir() };
  const { directory } = await run.server.ask({ ...readSession(anywhere), answer: wire.sessionSchema });
  const messages = await run.server.ask({
    ...readMessages({ nativeThreadId, directory }, MOST_MESSAGES),
    answer: wire.messagesSchema,
  });
  const infos = messages.map(({ info }) => info);
  const ours = infos.find(({ id, role }) => role === 'user' && isOurs(id, clientMessageId));
  if (ours === undefined) return ABSENT;
  // what opencode writes in the user's name goes on with the turn, until the next prompt
  const after = infos.filter(({ id }) => id > ours.id);
  const answers = after.filter((info): info is AssistantMessage => info.role === 'assistant');
  return outcomeOf(answers.findLast(({ parentID }) => parentID === ours.id));
}

/** The process that ran it is gone, so a turn without an end was interrupted by that. */
function outcomeOf(answer: AssistantMessage | undefined): Found {
  const { error, finish, time } = answer ?? { time: {} };
  if (error !== undefined && !isAborted(error)) return { found: 'failed', failure: failureOfTurn(error) };
  const isComplete = time.completed !== undefined && finish !== undefined && finish !== 'tool-calls';
  return { found: isComplete && error === undefined ? 'completed' : 'interrupted', failure: null };
}

function notFound(error: unknown): Found {
  if (isUnknown(error)) return ABSENT;
  return { found: 'unknown', failure: failureOfRequest('PROVIDER_ERROR', error) };
}
