/** How what still runs at codex is ended: turns, the commands that they leave behind, and their sub-agents. */
import { z } from 'zod';
import type { TurnKey } from '../../machines/domain/effect.ts';
import { itemIdOf } from '../../machines/domain/ids.ts';
import { isClosed, isRefusal } from '../shared/request-failures.ts';
import { pagesOf } from './pages.ts';
import { interruptTurn } from './requests.ts';
import type { Run } from './run.ts';
import type { Session } from './sessions.ts';
import * as wire from './wire.ts';
import type { CodexTurn } from './wire.ts';

/** Five in a row are shorter than the chart's own bound for settling. */
const TIMEOUT_MS = 3500;
const PAGE_LENGTH = 100;
const MOST_PAGES = 10;

/** Whether a turn of a sub-agent is to be ended; found out only where one runs. */
type IsWanted = (turn: CodexTurn) => boolean;
const ANY: IsWanted = () => true;

/**
 * What an interrupted or failed turn leaves running: codex 0.169.0 ends neither its commands nor its sub-agents. What an
 * earlier turn has begun goes on.
 */
export async function endLeftovers(run: Run, session: Session, turn: TurnKey): Promise<void> {
  const { nativeThreadId } = session;
  const { nativeTurnId } = turn;
  // never named: nobody can tell its commands from others
  if (nativeTurnId === null) return endCommands(run, nativeThreadId);
  await Promise.all([
    endCommandsOf(run, session, { ...turn, nativeTurnId }),
    endAgents(run, nativeThreadId, async () => {
      const rootTurnId = await rootOf(run, nativeThreadId, nativeTurnId);
      return (agentTurn) => agentTurn.rootTurnId === rootTurnId;
    }),
  ]);
}

/** The turns of a goal go back to the one that set it, and so do the turns of their sub-agents. */
async function rootOf(run: Run, threadId: string, nativeTurnId: string): Promise<string> {
  const turn = await newestTurn(run, threadId);
  return turn?.id === nativeTurnId ? (turn.rootTurnId ?? nativeTurnId) : nativeTurnId;
}

/** Ends the turn that codex still runs, with its commands and sub-agents, for a connection that has not begun it. */
export async function endRunningTurn(run: Run, threadId: string): Promise<void> {
  await endNewestTurn(run, threadId, ANY);
  await Promise.all([endCommands(run, threadId), endAgents(run, threadId)]);
}

/** Every command of a thread. */
export async function endCommands(run: Run, threadId: string): Promise<void> {
  await run.server.ask({
    method: 'thread/backgroundTerminals/clean',
    params: { threadId },
    answer: z.unknown(),
    timeoutMs: TIMEOUT_MS,
  });
}

/** The sub-agents of a thread at any depth, as far as they run. Never rejects: nothing waits for them. */
export async function endAgents(
  run: Run,
  threadId: string,
  choose: () => Promise<IsWanted> = async () => ANY,
): Promise<void> {
  await endActive(run, threadId, choose).catch((error: unknown) => {
    if (!isClosed(error)) run.host.warn('sub-agents could not be ended', { threadId, error: String(error) });
  });
}

async function endActive(run: Run, ancestorThreadId: string, choose: () => Promise<IsWanted>): Promise<void> {
  // without `useStateDbOnly` every conversation on the disk is read
  const pages = pagesOf(
    (cursor) =>
      run.server.ask({
        method: 'thread/list',
        params: { ancestorThreadId, cursor, limit: PAGE_LENGTH, useStateDbOnly: true },
        answer: wire.threadsPageSchema,
        timeoutMs: TIMEOUT_MS,
      }),
    MOST_PAGES,
  );
  for await (const threads of pages) {
    const active = threads.filter(({ status }) => status.type === 'active');
    if (active.length === 0) continue;
    const isWanted = await choose();
    await Promise.all(active.map(({ id }) => endAgent(run, id, isWanted)));
  }
}

async function endAgent(run: Run, threadId: string, isWanted: IsWanted): Promise<void> {
  if (await endNewestTurn(run, threadId, isWanted)) await endCommands(run, threadId);
}

async function newestTurn(run: Run, threadId: string): Promise<CodexTurn | null> {
  const { data } = await run.server.ask({
    method: 'thread/turns/list',
    params: { threadId, limit: 1 },
    answer: wire.turnsPageSchema,
    timeoutMs: TIMEOUT_MS,
  });
  return data[0] ?? null;
}

/** A running turn is the newest of its thread; 0.169.0 may list it as interrupted already. */
async function endNewestTurn(run: Run, threadId: string, isWanted: IsWanted): Promise<boolean> {
  const turn = await newestTurn(run, threadId);
  if (turn === null || !isWanted(turn)) return false;
  const params = interruptTurn(threadId, turn.id);
  await run.server
    .ask({ method: 'turn/interrupt', params, answer: z.unknown(), timeoutMs: TIMEOUT_MS })
    .catch((error: unknown) => {
      // a refusal means that it has ended meanwhile: an interrupt of before was still under way
      if (!isRefusal(error)) throw error;
    });
  return true;
}

interface NamedTurn extends TurnKey {
  readonly nativeTurnId: string;
}

/** The journal knows which of the running commands are of this turn; codex does not say. */
async function endCommandsOf(run: Run, session: Session, turn: NamedTurn): Promise<void> {
  const { nativeThreadId: threadId } = session;
  const open = new Set(run.host.openItems(session.threadId, turn.turnId));
  const pages = pagesOf(
    (cursor) =>
      run.server.ask({
        method: 'thread/backgroundTerminals/list',
        params: { threadId, cursor, limit: PAGE_LENGTH },
        answer: wire.terminalsPageSchema,
        timeoutMs: TIMEOUT_MS,
      }),
    MOST_PAGES,
  );
  for await (const terminals of pages) {
    const mine = terminals.filter(({ itemId }) => open.has(itemIdOf(turn.nativeTurnId, itemId)));
    await Promise.all(mine.map(({ processId }) => endCommand(run, threadId, processId)));
  }
}

async function endCommand(run: Run, threadId: string, processId: string): Promise<void> {
  await run.server.ask({
    method: 'thread/backgroundTerminals/terminate',
    params: { threadId, processId },
    answer: z.unknown(),
    timeoutMs: TIMEOUT_MS,
  });
}
