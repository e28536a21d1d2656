/** A session that begins with the history of another. */
import { realpath } from 'node:fs/promises';
import { RuntimeError } from '../../machines/domain/error.ts';
import { forkSession, readMessages, readSession, type Place } from './requests.ts';
import type { Run } from './run.ts';
import * as wire from './wire.ts';
import type { SessionInfo } from './wire.ts';

const MOST_MESSAGES = 10_000;

/**
 * `lastTurnId`: the last turn that belongs to it; `null`: all that have ended.
 * @throws {RuntimeError} RESUME_FAILED when it would work in another folder: opencode 1.18.33 forks only where the other works
 */
export async function forked(run: Run, asked: Place, lastTurnId: string | null): Promise<SessionInfo> {
  const { directory } = await run.server.ask({ ...readSession(asked), answer: wire.sessionSchema });
  if (!(await isSameFolder(directory, asked.directory)))
    throw new RuntimeError('RESUME_FAILED', `opencode would go on in ${directory}`);
  const place = { ...asked, directory };
  const end =
    lastTurnId === null
      ? runningTurn(run, place)
      : ((await messagesAfter(run, place, lastTurnId))[0]?.info.id ?? null);
  return run.server.ask({ ...forkSession(place, end), answer: wire.sessionSchema });
}

async function isSameFolder(one: string, other: string): Promise<boolean> {
  if (one === other) return true;
  const [left, right] = await Promise.all([one, other].map((path) => realpath(path).catch(() => path)));
  return left === right;
}

function runningTurn(run: Run, { nativeThreadId }: Place): string | null {
  return run.sessions.route(nativeThreadId)?.talk.turn?.nativeTurnId ?? null;
}

/**
 * From the first prompt after the turn on. opencode 1.18.33 forks all of a session where it does not know the message.
 * @throws {RuntimeError} RESUME_FAILED when it does not
 */
export async function messagesAfter(run: Run, place: Place, turnId: string): Promise<wire.Messages> {
  const messages = await run.server.ask({
    ...readMessages(place, MOST_MESSAGES),
    answer: wire.messagesSchema,
  });
  if (!messages.some(({ info }) => info.id === turnId)) {
    throw new RuntimeError('RESUME_FAILED', `opencode does not know the turn ${turnId}`);
  }
  const isPrompt = (parts: readonly unknown[]): boolean =>
    !parts.some((part) => wire.ownPartSchema.safeParse(part).success);
  const next = messages.findIndex(
    ({ info, parts }) => info.role === 'user' && info.id > turnId && isPrompt(parts),
  );
  return next < 0 ? [] : messages.slice(next);
}
