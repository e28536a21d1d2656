import type { ParsedRequest } from './parse-request.ts';
import type { Step } from './step.ts';

/** Decides what the model replies to a conversation; an error it throws is answered with 400, which nobody retries. */
export type Script = (request: ParsedRequest) => readonly Step[];

/**
 * Replies in order, counted per thread: the first request of a thread gets the first reply, a retry the next.
 * The script throws when a thread asks for more than there is.
 */
export function replies(inOrder: readonly (readonly Step[])[]): Script {
  const requestCounts = new Map<string, number>();
  return ({ threadId }) => {
    const count = requestCounts.get(threadId) ?? 0;
    requestCounts.set(threadId, count + 1);
    const reply = inOrder[count];
    if (!reply)
      throw new Error(`the script has ${inOrder.length} replies, thread ${threadId} asked for one more`);
    return reply;
  };
}

/** What the server puts before a prompt. */
const CARRIED = /<carried_context>.*<\/carried_context>/s;

/**
 * Picks the script by the latest user text (trimmed, exact, without what was carried before it); `otherwise` serves the rest.
 * Without `otherwise` the script throws for a text that it does not know.
 */
export function byUserText(scripts: Readonly<Record<string, Script>>, otherwise?: Script): Script {
  const known = new Map(Object.entries(scripts));
  return (request) => {
    const script = known.get(request.userText.replace(CARRIED, '').trim()) ?? otherwise;
    if (!script)
      throw new Error(`the script does not know the user text ${JSON.stringify(request.userText)}`);
    return script(request);
  };
}

/** The replies to one prompt by how far its turn has come, also where a session has had others before. */
export function inTurn(...inOrder: readonly (readonly Step[])[]): Script {
  return ({ turnToolOutputs }) => inOrder[turnToolOutputs.length] ?? [];
}
