/** Items that providers have no ids for. */
import { itemIdOf, type ConnectionId, type TurnId } from '../../machines/domain/ids.ts';
import type { ItemBody, ItemStatus } from '../../machines/domain/item.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';

/** How a turn is named to the charts. */
export interface TurnRef {
  readonly turnId: TurnId | null;
  readonly attempt: number;
  readonly nativeTurnId: string | null;
}

/** What a frame is translated for. */
export interface TurnScope {
  readonly connectionId: ConnectionId;
  /** The turn that runs, or the last one. */
  readonly turn: TurnRef;
  /** Where the frame stands in the protocol log. */
  readonly rawRef: string;
}

interface OwnItem {
  /** Unique in the turn, or in the connection where there is none. */
  readonly key: string;
  readonly body: ItemBody;
  readonly text: string;
  readonly status?: ItemStatus;
}

/** An entry of the transcript that the provider has no message and no tool for. */
export function ownItem(
  { connectionId, turn, rawRef }: TurnScope,
  { key, ...item }: OwnItem,
  type: 'provider.itemStarted' | 'provider.itemCompleted' = 'provider.itemCompleted',
): ProviderReport {
  const itemId = itemIdOf(turn.nativeTurnId ?? connectionId, key);
  return { type, connectionId, ...turn, item: { itemId, status: 'completed', ...item, rawRef } };
}
