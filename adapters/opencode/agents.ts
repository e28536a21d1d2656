/** Sub-agents: sessions of their own at opencode, told of as items of the turn that began them. */
import type { ItemId } from '../../machines/domain/ids.ts';
import { childSessionOf } from './items.ts';
import { itemOfCall } from './parts.ts';
import type { Scope } from './scope.ts';
import * as wire from './wire.ts';
import type { Frame } from './wire.ts';

/** A sub-agent's place in the thread that began it. */
export interface AgentPlace {
  /** The turn of the thread that it works for. */
  readonly nativeTurnId: string;
  /** Its own item. */
  readonly itemId: ItemId;
}

/** A sub-agent's session that a frame made known. */
export interface FoundAgent {
  readonly sessionId: string;
  readonly place: AgentPlace;
}

/** A task names the session of its sub-agent before that says anything. */
export function agentIn(
  { type, properties }: Frame,
  { talk, agent }: Omit<Scope, 'rawRef'>,
): FoundAgent | null {
  if (type !== 'message.part.updated') return null;
  const { data } = wire.taskUpdatedSchema.safeParse(properties);
  if (data === undefined) return null;
  const { messageID, callID } = data.part;
  const sessionId = childSessionOf(data.part);
  const itemId = itemOfCall(talk, messageID, callID);
  const message = talk.messages.get(messageID);
  if (sessionId === null || itemId === null || message === undefined) return null;
  return { sessionId, place: { nativeTurnId: agent?.nativeTurnId ?? message.nativeTurnId, itemId } };
}
