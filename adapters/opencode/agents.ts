/** Sub-agents: sessions of their own at opencode, and threads of their own here. */
import {
  carriedConnectionIdOf,
  childThreadIdOf,
  type ItemId,
  type ThreadId,
} from '../../machines/domain/ids.ts';
import { TITLE_LENGTH } from '../../machines/domain/item.ts';
import { CHILD_LIMIT, type ProviderReport } from '../../machines/ports/provider.ts';
import { CAPABILITIES } from './capabilities.ts';
import { childSessionOf, modelIn, titleOf } from './items.ts';
import { itemOfCall } from './parts.ts';
import type { Run } from './run.ts';
import { at, type Scope } from './scope.ts';
import { Session, type Route } from './sessions.ts';
import { SILENCE_MS } from './silence.ts';
import * as wire from './wire.ts';
import type { Frame } from './wire.ts';

/** A sub-agent's place in the thread that began it. */
export interface AgentPlace {
  /** The turn of the thread that it works for. */
  readonly nativeTurnId: string;
  /** Its own item. */
  readonly itemId: ItemId;
}

/** A sub-agent's session that a frame tells of. */
export interface FoundAgent {
  readonly sessionId: string;
  readonly place: AgentPlace;
  /** The call has not told of it before, and is not over. */
  readonly isNew: boolean;
  readonly title: string;
  readonly model: string | null;
  /** It says everything after this message of its parent. */
  readonly after: string;
}

/** A task names the session of its sub-agent before that says anything. */
export function agentIn(
  { type, properties }: Frame,
  { talk, agent }: Omit<Scope, 'rawRef'>,
): FoundAgent | null {
  if (type !== 'message.part.updated') return null;
  const { data } = wire.taskUpdatedSchema.safeParse(properties);
  if (data === undefined) return null;
  const { messageID, callID, state } = data.part;
  const sessionId = childSessionOf(data.part);
  const itemId = itemOfCall(talk, messageID, callID);
  const message = talk.messages.get(messageID);
  if (sessionId === null || itemId === null || message === undefined) return null;
  const known = talk.partOf(itemId)?.body;
  const isKnown = known?.kind === 'subagent' && known.nativeThreadId === sessionId;
  return {
    sessionId,
    place: { nativeTurnId: agent?.nativeTurnId ?? message.nativeTurnId, itemId },
    isNew: state.status === 'running' && !isKnown,
    title: titleOf(data.part).slice(0, TITLE_LENGTH),
    model: modelIn(data.part),
    after: messageID,
  };
}

/** The thread of the sub-agent; `null`: what it says and does is told in its parent. */
export function threadOf(run: Run, { session, agent }: Route, found: FoundAgent): ThreadId | null {
  const { sessionId } = found;
  const known = run.sessions.route(sessionId);
  if (known !== null) return known.agent === null ? known.session.threadId : null;
  const threadId = childThreadIdOf(session.threadId, sessionId);
  if (!found.isNew) return threadId;
  if (agent === null && makeRoom(run, session)) {
    const child = carried(run, { parent: session, threadId, found });
    run.sessions.add(child);
    child.silence.watch(SILENCE_MS);
    return threadId;
  }
  run.sessions.adopt(found, session);
  return null;
}

/** What makes the thread, or brings it to life again; a session that has a connection of its own needs neither. */
export function agentStarted(run: Run, scope: Scope, found: FoundAgent): readonly ProviderReport[] {
  const { sessionId, place, title, model } = found;
  const child = run.sessions.route(sessionId)?.session;
  if (!found.isNew || child === undefined || child.carrier === null) return [];
  const { threadId, connectionId } = child;
  return [
    {
      type: 'provider.agentStarted',
      ...at(scope, place.nativeTurnId),
      itemId: place.itemId,
      title,
      child: { threadId, connectionId, nativeThreadId: sessionId, capabilities: CAPABILITIES, model },
    },
  ];
}

/** The report with the thread of the sub-agent that it is about. */
export function withThread(report: ProviderReport, threadId: ThreadId | null): ProviderReport {
  if (threadId === null || !('item' in report) || report.item.body.kind !== 'subagent') return report;
  return { ...report, item: { ...report.item, body: { ...report.item.body, threadId } } };
}

/** One that has done its work is let go for another: its session can be resumed. */
function makeRoom(run: Run, session: Session): boolean {
  const children = run.sessions.carriedBy(session.carrier ?? session);
  if (children.length < CHILD_LIMIT) return true;
  const idle = children.find(({ talk, requests }) => talk.turn === null && requests.size === 0);
  if (idle === undefined) return false;
  run.letGo(idle);
  return true;
}

interface Birth {
  readonly parent: Session;
  readonly threadId: ThreadId;
  readonly found: FoundAgent;
}

function carried(run: Run, { parent, threadId, found }: Birth): Session {
  const carrier = parent.carrier ?? parent;
  const model = found.model ?? parent.lastModel;
  const { sessionId: nativeThreadId, after: newestId, place } = found;
  return new Session({
    connectionId: carriedConnectionIdOf(carrier.connectionId, threadId, place.itemId),
    threadId,
    nativeThreadId,
    directory: parent.directory,
    model,
    rules: parent.rules,
    newestId,
    contextWindow: model === null ? null : (run.catalogue.contextWindows.get(model) ?? null),
    tokens: null,
    carrier,
    onSilence: (session) => run.catchUp(session),
  });
}
