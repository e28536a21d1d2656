/** Claude keeps each conversation in a file, with the uuids that we gave our messages. */
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Env } from '../shared/launch.ts';

const SESSION_ID = /^[\da-f-]{36}$/i;

const entrySchema = z.looseObject({
  type: z.string(),
  uuid: z.string().optional(),
  parentUuid: z.string().nullish(),
  logicalParentUuid: z.string().nullish(),
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
export type Entry = z.infer<typeof entrySchema>;

/** The conversation of the main thread, in the order of the file; `null`: there is none of that id. */
export async function readHistory(env: Env, sessionId: string): Promise<readonly Entry[] | null> {
  if (!SESSION_ID.test(sessionId)) return null;
  const { CLAUDE_CONFIG_DIR: folder, HOME: home } = env;
  const projects = join(folder ?? join(home ?? homedir(), '.claude'), 'projects');
  for (const project of await foldersIn(projects)) {
    const text = await readFile(join(projects, project, `${sessionId}.jsonl`), 'utf8').catch(() => null);
    if (text !== null) return entriesIn(text).filter(({ isSidechain }) => isSidechain !== true);
  }
  return null;
}

/** Whether claude could go on with it: what it has not written down it does not know. */
export const hasMessages = (history: readonly Entry[] | null): boolean =>
  history?.some(({ type, uuid }) => uuid !== undefined && MESSAGES.has(type)) === true;

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

/** What follows a prompt up to the next one; `null`: the prompt is not there. */
export function turnIn(entries: readonly Entry[], uuid: string): readonly Entry[] | null {
  const begin = entries.findIndex((entry) => entry.uuid === uuid);
  if (begin < 0) return null;
  const after = entries.slice(begin + 1);
  const next = after.findIndex(isPrompt);
  return next < 0 ? after : after.slice(0, next);
}

const partsSchema = z.array(z.looseObject({ type: z.string() }));

/** Results of tools are messages of the user, too. */
function isPrompt({ type, isMeta, message }: Entry): boolean {
  if (type !== 'user' || isMeta === true) return false;
  if (typeof message?.content === 'string') return true;
  const { data } = partsSchema.safeParse(message?.content);
  return data !== undefined && data.every((part) => part.type !== 'tool_result');
}

/** Where a conversation is cut. */
export interface Cut {
  /** The last message that is kept. */
  readonly at: string;
  /** The first prompt that is not; `null`: nothing follows. */
  readonly dropped: string | null;
}

/** The place after a turn, in the branch that is the conversation now; `null`: it has no such turn. */
export function cutAfter(entries: readonly Entry[], turnUuid: string): Cut | null {
  const branch = branchOf(entries);
  const turn = turnIn(branch, turnUuid);
  const last = turn?.findLast(({ type, uuid }) => type === 'assistant' && uuid !== undefined);
  if (turn === null || last?.uuid === undefined) return null;
  const dropped = branch.slice(branch.indexOf(last) + 1).find(isPrompt);
  return { at: last.uuid, dropped: dropped?.uuid ?? null };
}

/** A conversation that was cut goes on beside what was dropped, in the same file: the newest message is the end of it. */
function branchOf(entries: readonly Entry[]): readonly Entry[] {
  const byUuid = new Map(entries.map((entry) => [entry.uuid ?? '', entry]));
  const kept = new Set<Entry>();
  let entry = entries.findLast(({ type, uuid }) => uuid !== undefined && MESSAGES.has(type));
  while (entry !== undefined && !kept.has(entry)) {
    kept.add(entry);
    entry = byUuid.get(entry.parentUuid ?? entry.logicalParentUuid ?? '-');
  }
  return entries.filter((each) => kept.has(each));
}

const MESSAGES: ReadonlySet<string> = new Set(['user', 'assistant']);
