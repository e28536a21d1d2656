/** What became of a prompt that the last run of the server handed over and did not see to its end. */
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { failure } from '../../machines/domain/error.ts';
import { ABSENT, reportLookedUp, type Found, type LookUp } from '../shared/look-up.ts';
import { failureOfResult } from './failures.ts';
import { messageUuid } from './requests.ts';
import type { Run } from './run.ts';

const SESSION_ID = /^[\da-f-]{36}$/i;

const entrySchema = z.looseObject({
  type: z.string(),
  uuid: z.string().optional(),
  isSidechain: z.boolean().optional(),
  isMeta: z.boolean().optional(),
  error: z.unknown().optional(),
  isApiErrorMessage: z.boolean().optional(),
  apiErrorStatus: z.number().nullish(),
  message: z
    .looseObject({ stop_reason: z.string().nullish(), content: z.unknown().optional() })
    .optional()
    .catch(undefined),
});
type Entry = z.infer<typeof entrySchema>;

/** Claude keeps each conversation in a file, with the uuids that we gave our messages. */
export async function lookUp(run: Run, effect: LookUp): Promise<void> {
  const found = await find(run, effect).catch((error: unknown): Found => ({
    found: 'unknown',
    failure: failure('PROVIDER_ERROR', `the transcript cannot be read: ${String(error)}`),
  }));
  reportLookedUp(run.host, effect, found);
}

async function find(run: Run, { nativeThreadId, clientMessageId }: LookUp): Promise<Found> {
  if (nativeThreadId === null || !SESSION_ID.test(nativeThreadId)) return ABSENT;
  const { CLAUDE_CONFIG_DIR: folder, HOME: home } = run.spec.env;
  const projects = join(folder ?? join(home ?? homedir(), '.claude'), 'projects');
  const uuid = messageUuid(clientMessageId);
  for (const project of await foldersIn(projects)) {
    const text = await readFile(join(projects, project, `${nativeThreadId}.jsonl`), 'utf8').catch(() => null);
    if (text !== null) return outcomeIn(entriesIn(text), uuid);
  }
  return ABSENT;
}

async function foldersIn(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** A line that was being written when the process died is not read. */
function entriesIn(text: string): readonly Entry[] {
  return text.split('\n').flatMap((line) => {
    try {
      return entrySchema.safeParse(JSON.parse(line)).data ?? [];
    } catch {
      return [];
    }
  });
}

/** The process that ran it is gone, so a turn without an end was interrupted by that. */
export function outcomeIn(entries: readonly Entry[], uuid: string): Found {
  const begin = entries.findIndex((entry) => entry.uuid === uuid);
  if (begin < 0) return ABSENT;
  const after = entries.slice(begin + 1).filter(({ isSidechain }) => isSidechain !== true);
  const next = after.findIndex(isPrompt);
  const replies = (next < 0 ? after : after.slice(0, next)).filter(({ type }) => type === 'assistant');
  const last = replies.at(-1);
  if (last?.isApiErrorMessage) return { found: 'failed', failure: failureIn(last) };
  const isDone = last?.message?.stop_reason === 'end_turn' || last?.message?.stop_reason === 'stop_sequence';
  return { found: isDone ? 'completed' : 'interrupted', failure: null };
}

/** Results of tools are messages of the user, too, but lists. */
const isPrompt = ({ type, isMeta, message }: Entry): boolean =>
  type === 'user' && isMeta !== true && typeof message?.content === 'string';

function failureIn({ error, apiErrorStatus, message }: Entry) {
  const parts =
    z.array(z.looseObject({ text: z.string().optional() })).safeParse(message?.content).data ?? [];
  const result = parts.map(({ text }) => text ?? '').join('\n');
  const status = { subtype: 'success', is_error: true, api_error_status: apiErrorStatus, modelUsage: {} };
  return failureOfResult({ ...status, result }, typeof error === 'string' ? error : '');
}
