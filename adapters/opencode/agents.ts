/** Sub-agents: sessions of their own at opencode, told of as items of the turn that began them. */
import type { ItemId } from '../../machines/domain/ids.ts';

/** A sub-agent's place in the thread that began it. */
export interface AgentPlace {
  /** The turn of the thread that it works for. */
  readonly nativeTurnId: string;
  /** Its own item. */
  readonly itemId: ItemId;
}

/** A sub-agent's session that a frame made known. */
export interface FoundAgent extends AgentPlace {
  readonly sessionId: string;
}
