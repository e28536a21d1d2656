/** Parts of messages as items of ours. */
import { isDeepStrictEqual } from 'node:util';
import { itemIdOf, type ItemId } from '../../machines/domain/ids.ts';
import type { ItemBody, ItemDraft, ItemStatus } from '../../machines/domain/item.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import type { Conversation, HeardPart } from './conversation.ts';
import { isAborted } from './failures.ts';
import { contentOf } from './items.ts';
import { at, parentOf, type Scope } from './scope.ts';
import type { Part, PartOf, ToolPart } from './wire.ts';

/** The item of a tool call, which requests are about. `null`: its message is not known. */
export function itemOfCall(talk: Conversation, messageId: string, callId: string): ItemId | null {
  const message = talk.messages.get(messageId);
  return message === undefined ? null : callItemId(message.nativeTurnId, messageId, callId);
}

/** Ids of calls come from the model, which may use one again. */
const callItemId = (nativeTurnId: string, messageId: string, callId: string): ItemId =>
  itemIdOf(nativeTurnId, `${messageId}:${callId}`);

/** A part as it now stands. */
export function partReports(part: Part, scope: Scope): readonly ProviderReport[] {
  const message = scope.talk.messages.get(part.messageID);
  if (message === undefined) return ofUser(part, scope);
  const { nativeTurnId, isSummary } = message;
  switch (part.type) {
    case 'text':
    case 'reasoning':
      return isSummary ? [] : spoken(part, nativeTurnId, scope);
    case 'tool':
      return called(part, nativeTurnId, scope);
    default:
      return [];
  }
}

/** More of a text that was begun. */
export function deltaReports(
  { partID, field, delta }: { readonly partID: string; readonly field: string; readonly delta: string },
  { connectionId, talk }: Scope,
): readonly ProviderReport[] {
  const known = talk.parts.get(partID);
  if (field !== 'text' || delta === '' || known === undefined || known.isDone) return [];
  return [{ type: 'provider.itemDelta', connectionId, itemId: known.itemId, text: delta }];
}

/** The summary of a compaction is complete. */
export function compactionEnd(scope: Scope, nativeTurnId: string): readonly ProviderReport[] {
  const { compaction } = scope.talk;
  if (compaction === null) return [];
  scope.talk.compaction = null;
  return [toldAs('provider.itemCompleted', { itemId: compaction, nativeTurnId, ...COMPACTED }, scope)];
}

const NO_CALL = { body: null, text: '', isPending: false } as const;
const COMPACTED = { body: { kind: 'compaction' }, text: '', status: 'completed' } as const;

/** Of a message that is no model's: our own prompt is known, and what opencode says in the user's name is not for people. */
function ofUser(part: Part, scope: Scope): readonly ProviderReport[] {
  const { talk, agent } = scope;
  const nativeTurnId = talk.turnOf(part.messageID);
  if (nativeTurnId === null) return [];
  if (part.type === 'compaction') return compactionBegun(part, nativeTurnId, scope);
  const isOwn = talk.turn?.key !== null || talk.turn.nativeTurnId !== part.messageID;
  if (part.type !== 'text' || part.synthetic === true || isOwn || agent !== null) return [];
  const body: ItemBody = { kind: 'user_message', intent: 'provider', attachments: [] };
  const draft = { itemId: itemIdOf(nativeTurnId, part.id), nativeTurnId, body, text: part.text };
  const told = toldAs('provider.itemCompleted', { ...draft, status: 'completed' }, scope);
  if (talk.turn === null || talk.turn.isStarted) return [told];
  talk.turn.prompt = [...talk.turn.prompt, told];
  return [];
}

function compactionBegun(
  part: PartOf<'compaction'>,
  nativeTurnId: string,
  scope: Scope,
): readonly ProviderReport[] {
  const { talk } = scope;
  const itemId = itemIdOf(nativeTurnId, part.id);
  if (talk.parts.has(part.id)) return [];
  talk.parts.set(part.id, { itemId, ...NO_CALL, isDone: true });
  talk.compaction = itemId;
  return [toldAs('provider.itemStarted', { itemId, nativeTurnId, ...COMPACTED, status: 'open' }, scope)];
}

/** Its deltas are no truth: after a connection that broke off the model begins anew, in another part. */
function spoken(
  part: PartOf<'text'> | PartOf<'reasoning'>,
  nativeTurnId: string,
  scope: Scope,
): readonly ProviderReport[] {
  const known = scope.talk.parts.get(part.id);
  if (known?.isDone === true) return [];
  const isDone = part.time?.end !== undefined;
  const itemId = itemIdOf(nativeTurnId, part.id);
  scope.talk.parts.set(part.id, { itemId, ...NO_CALL, isDone });
  if (known !== undefined && !isDone) return [];
  const kind = part.type === 'text' ? 'assistant_message' : 'reasoning';
  const ended = isCut(nativeTurnId, scope) ? 'interrupted' : 'completed';
  const status = isDone ? ended : 'open';
  const type = isDone ? 'provider.itemCompleted' : 'provider.itemStarted';
  return [toldAs(type, { itemId, nativeTurnId, body: { kind }, text: part.text, status }, scope)];
}

/** After an abort opencode completes what was being said. */
function isCut(nativeTurnId: string, { talk }: Scope): boolean {
  const { turn } = talk;
  return turn?.nativeTurnId === nativeTurnId && turn.error !== null && isAborted(turn.error);
}

function called(part: ToolPart, nativeTurnId: string, scope: Scope): readonly ProviderReport[] {
  const { talk } = scope;
  const known = talk.parts.get(part.id);
  const content = contentOf(part);
  if (content === null || known?.isDone === true) return [];
  const { body, text, status } = content;
  const itemId = callItemId(nativeTurnId, part.messageID, part.callID);
  const isPending = part.state.status === 'pending';
  const heard = { itemId, body, text, isPending, isDone: status !== 'open' };
  talk.parts.set(part.id, heard);
  const draft = { itemId, nativeTurnId, body, text, status };
  if (heard.isDone) return [toldAs('provider.itemCompleted', draft, scope)];
  if (known === undefined) return [toldAs('provider.itemStarted', draft, scope)];
  return isDeepStrictEqual(known.body, body)
    ? outputOf(known, heard, scope)
    : [toldAs('provider.itemUpdated', draft, scope)];
}

/** The output so far comes whole each time. */
function outputOf(
  known: HeardPart,
  { itemId, text }: HeardPart,
  { connectionId }: Scope,
): readonly ProviderReport[] {
  if (text === known.text || !text.startsWith(known.text)) return [];
  return [{ type: 'provider.itemDelta', connectionId, itemId, text: text.slice(known.text.length) }];
}

interface Told {
  readonly itemId: ItemId;
  readonly nativeTurnId: string;
  readonly body: ItemBody;
  readonly text: string;
  readonly status: ItemStatus;
}

function toldAs(
  type: 'provider.itemStarted' | 'provider.itemUpdated' | 'provider.itemCompleted',
  { nativeTurnId, ...told }: Told,
  scope: Scope,
): ProviderReport {
  const item: ItemDraft = { ...told, ...parentOf(scope), rawRef: scope.rawRef };
  return { type, ...at(scope, nativeTurnId), item };
}
