/** What a provider must know of each thread after its next prompt: all that was said and stays, and nothing of it twice. */
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const CARRIED = /<carried_context>.*?<\/carried_context>/gs;

/** @throws when a conversation lacks something, has what was taken back, or was told the same twice */
export function mustBeTold(run: RuntimeRun): void {
  for (const threadId of run.journal.threadIds()) {
    if (run.journal.threadState(threadId)?.removal === 'none') mustKnow(run, threadId);
  }
  for (const messages of run.world.conversations.values()) {
    const carried = messages.flatMap(({ text }) => text.match(CARRIED) ?? []);
    if (new Set(carried).size < carried.length)
      throw new Error(`a conversation was told twice: ${carried[0]}`);
  }
}

function mustKnow(run: RuntimeRun, threadId: ThreadId): void {
  const native = run.runtime.threads.get(threadId)?.context.session?.nativeThreadId;
  const known = run.world.conversations.get(native ?? '')?.map(({ text }) => text) ?? [];
  const knows = (text: string): boolean => known.some((each) => each.includes(text));
  const prompts = promptsOf(run, threadId);
  const lacking = [...prompts, ...broughtTo(run, threadId)].find(
    ({ text, turn }) => turn.status === 'completed' && !knows(text),
  );
  if (lacking !== undefined)
    throw new Error(`the agent of ${threadId} does not know of ${lacking.text}: ${JSON.stringify(known)}`);
  const undone = prompts.find(({ text, turn }) => turn.status === 'rolledBack' && knows(text));
  if (undone !== undefined)
    throw new Error(`the agent of ${threadId} knows of ${undone.text}, which was taken back`);
}

interface Said {
  readonly text: string;
  readonly turn: TurnRow;
}

/** Of a fork: those that it has inherited, too. */
function promptsOf(run: RuntimeRun, threadId: ThreadId): Said[] {
  return run.snapshot(threadId).items.flatMap(({ body, text, turnId, inherited }) => {
    const isPrompt = body.kind === 'user_message' && body.intent === 'start';
    const turn =
      isPrompt && turnId !== null ? run.journal.turn(inherited?.threadId ?? threadId, turnId) : null;
    return turn === null ? [] : [{ text, turn }];
  });
}

function broughtTo(run: RuntimeRun, threadId: ThreadId): Said[] {
  return run.journal.threadIds().flatMap((source) => {
    const merges = run.facts(source).filter((fact) => fact.type === 'thread.mergedBack');
    return merges
      .filter(({ into }) => into === threadId)
      .flatMap(({ after, until }) =>
        promptsOf(run, source).filter(({ turn }) => turn.ordinal > after && turn.ordinal <= until),
      );
  });
}
