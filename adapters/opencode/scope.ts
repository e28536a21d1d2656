/** What an event is translated for, and the forms that reports have. */
import { itemIdOf, type ConnectionId, type ItemId } from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import type { ItemBody, ItemStatus } from '../../machines/domain/item.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import type { AgentPlace } from './agents.ts';
import type { Conversation } from './conversation.ts';

export interface Scope {
  readonly connectionId: ConnectionId;
  /** Where the frame stands in the protocol log. */
  readonly rawRef: string;
  /** What was heard of the session before. */
  readonly talk: Conversation;
  /** Set for a sub-agent's frames: they are told as items of its parent's turn. */
  readonly agent: AgentPlace | null;
}

/** The turn that a frame is about; a sub-agent's own turns are not turns of the thread. */
export const at = ({ connectionId, agent }: Scope, nativeTurnId: string | null) => ({
  connectionId,
  ...byNative(agent?.nativeTurnId ?? nativeTurnId),
});

export const parentOf = ({ agent }: Scope) => (agent === null ? {} : { parentItemId: agent.itemId });

/** Text that was being said and will not go on. */
export const cutOf = (scope: Scope, nativeTurnId: string): ProviderReport => ({
  type: 'provider.textCut',
  ...at(scope, nativeTurnId),
  parentItemId: scope.agent?.itemId ?? null,
});

interface OwnItem {
  /** Unique in the turn, or in the connection where there is none. */
  readonly key: string;
  readonly body: ItemBody;
  readonly text: string;
  readonly status?: ItemStatus;
  readonly parentItemId?: ItemId;
}

/** An entry of the transcript that opencode has no part for. */
export function itemReport(
  scope: Scope,
  nativeTurnId: string | null,
  { key, ...item }: OwnItem,
): ProviderReport {
  return {
    type: 'provider.itemCompleted',
    ...at(scope, nativeTurnId),
    item: {
      itemId: itemIdOf(nativeTurnId ?? scope.connectionId, key),
      status: 'completed',
      ...parentOf(scope),
      ...item,
      rawRef: scope.rawRef,
    },
  };
}
