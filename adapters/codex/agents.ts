/** How codex tells of sub-agents, and what is said of them in the turn that began them. */
import { byNative } from '../../machines/domain/input.ts';
import { itemIdOf, type ConnectionId, type ItemId } from '../../machines/domain/ids.ts';
import type { ItemBody, ItemStatus } from '../../machines/domain/item.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import { draftOf } from './items.ts';
import * as wire from './wire.ts';
import type { CodexItem, CodexTurn, Frame } from './wire.ts';

/** A sub-agent's place in the thread that began it. */
export interface AgentPlace {
  /** The turn of the parent thread that last had to do with it. */
  readonly nativeTurnId: string;
  readonly itemId: ItemId;
  /** Its item; `null` where only something was done with it that another connection had begun. */
  readonly begun: BegunAgent | null;
}

interface BegunAgent {
  /** The turn that began it, to which its item belongs. */
  readonly nativeTurnId: string;
  readonly body: ItemBody;
  /** Where a sub-agent began it. */
  readonly parentItemId?: ItemId;
}

/** A sub-agent's thread that a frame made known. */
export interface FoundAgent extends AgentPlace {
  readonly nativeThreadId: string;
  /** `null`: codex does not say. */
  readonly model: string | null;
  /** Prompts reach it, and it can be resumed by itself. */
  readonly isReachable: boolean;
}

interface AgentScope {
  readonly connectionId: ConnectionId;
  readonly rawRef: string;
  readonly agent: AgentPlace | null;
}

/** The sub-agents that a frame tells of, so that their own frames are known as theirs. */
export function agentsIn({ method, params }: Frame, scope: AgentScope): readonly FoundAgent[] {
  if (method !== 'item/started' && method !== 'item/completed') return [];
  const notice = wire.itemNoticeSchema.safeParse(params);
  const item = wire.itemSchema.safeParse(notice.data?.item);
  if (!notice.success || !item.success) return [];
  const { turnId } = notice.data;
  const { agent } = scope;
  const nativeTurnId = agent?.nativeTurnId ?? turnId;
  const body = draftOf(item.data, { nativeTurnId: turnId, isDone: false, rawRef: scope.rawRef })?.body;
  const parent = agent === null ? {} : { parentItemId: agent.itemId };
  const begun = body?.kind === 'subagent' ? { nativeTurnId, body, ...parent } : null;
  const place = { nativeTurnId, itemId: itemIdOf(turnId, item.data.id), begun, ...traitsOf(item.data) };
  return threadsOf(item.data).map((nativeThreadId) => ({ nativeThreadId, ...place }));
}

/** Those of the newer kind take no direct input, and cannot be resumed without their parent (codex 0.169.0). */
function traitsOf(item: CodexItem): Pick<FoundAgent, 'model' | 'isReachable'> {
  const isOld = item.type === 'collabAgentToolCall';
  const model = isOld || item.type === 'subAgentActivity' ? item.model : null;
  return { model: model ? model : null, isReachable: isOld };
}

function threadsOf(item: CodexItem): readonly string[] {
  if (item.type === 'collabAgentToolCall') return item.receiverThreadIds;
  return item.type === 'subAgentActivity' ? [item.agentThreadId] : [];
}

/** A turn of a sub-agent begins or ends: its item is open as long as it works, and then has what it said at last. */
export function agentReports(
  { connectionId, rawRef, agent }: AgentScope,
  turn: CodexTurn,
): readonly ProviderReport[] {
  if (agent?.begun === undefined || agent.begun === null) return [];
  const { nativeTurnId, ...rest } = agent.begun;
  const status: ItemStatus = turn.status === 'inProgress' ? 'open' : turn.status;
  const item = { itemId: agent.itemId, ...rest, text: lastMessageOf(turn), status, rawRef };
  const type = status === 'open' ? 'provider.itemUpdated' : 'provider.itemCompleted';
  return [{ type, connectionId, ...byNative(nativeTurnId), item }];
}

function lastMessageOf({ items }: CodexTurn): string {
  const messages = items.flatMap((item) => {
    const { data } = wire.itemSchema.safeParse(item);
    return data?.type === 'agentMessage' ? [data.text] : [];
  });
  return messages.at(-1) ?? '';
}
