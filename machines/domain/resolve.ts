/** What an input needs from look-ups before it is journaled: ids that the server makes, turns named by the provider. */
import type { ThreadContext, TurnContext } from './context.ts';
import { itemIdOf, type ItemId, type TurnId } from './ids.ts';
import type { ProviderInput, ThreadInput } from './input.ts';
import type { ItemDraft, ItemRow } from './item.ts';
import type { Owner, RequestDraft } from './request.ts';

/** Look-ups of one thread; they see what is staged in the tick under way. */
export interface TurnLookups {
  readonly thread: ThreadContext;
  /** Of the running turn actor. */
  readonly turn: Pick<TurnContext, 'turnId' | 'attempt' | 'nativeTurnId'> | null;
  /** A turn of the thread by the provider's id, wherever it is in its life. */
  byNative(nativeTurnId: string): { readonly turnId: TurnId; readonly attempt: number } | null;
  /** Whose request it is. */
  ownerOf(requestId: string): Owner | null;
  /** An item with what was streamed of it. */
  item(itemId: ItemId): ItemRow | undefined;
  /** A new turn id, for a turn that the provider began. */
  newTurnId(): TurnId;
}

interface Named {
  readonly turnId: TurnId | null;
  readonly attempt: number;
}

/** The same input with its turn and owner filled in. */
export function resolve(input: ProviderInput, lookups: TurnLookups): ThreadInput {
  if ('nativeTurnId' in input) return resolveTurn(input, lookups);
  if ('owner' in input && 'requestId' in input) {
    return { ...input, owner: lookups.ownerOf(input.requestId) ?? input.owner };
  }
  return input;
}

type TurnInput = Extract<ProviderInput, { nativeTurnId: string | null }>;

function resolveTurn(input: TurnInput, lookups: TurnLookups): ThreadInput {
  const named = input.turnId === null ? nameOf(input.nativeTurnId, lookups) : input;
  if (input.type === 'provider.turnStarted') {
    if (named !== null) return { ...input, ...pick(named), isNew: false };
    return { ...input, turnId: lookups.newTurnId(), attempt: 1, isNew: true };
  }
  const resolved = { ...input, ...pick(named ?? { turnId: null, attempt: 0 }) };
  if ('item' in resolved) return { ...resolved, item: itemOf(resolved, lookups) };
  if (resolved.type !== 'provider.requestOpened') return resolved;
  const request = withPaths(resolved.request, lookups);
  return { ...resolved, request, owner: askerOf(resolved, lookups) };
}

/** A provider may ask for leave to change files and name only the item that says which. */
function withPaths(request: RequestDraft, lookups: TurnLookups): RequestDraft {
  const { body, itemId } = request;
  if (body.kind !== 'file-change' || body.paths.length > 0 || itemId === undefined) return request;
  const change = lookups.item(itemId)?.body;
  const paths = change?.kind === 'file_change' ? change.changes.map(({ path }) => path) : [];
  return { ...request, body: { ...body, paths } };
}

function askerOf({ turnId, request: { taskId } }: Opened, lookups: TurnLookups): Owner {
  if (turnId !== null && turnId === lookups.thread.activeTurn?.turnId) return 'turn';
  return taskId !== undefined && lookups.item(taskId)?.status === 'open' ? 'task' : 'connection';
}
type Opened = Extract<ProviderInput, { type: 'provider.requestOpened' }>;

type ItemInput = Extract<ProviderInput, { item: ItemDraft }> & Named;

function itemOf(input: ItemInput, lookups: TurnLookups): ItemDraft {
  const item = identified(input);
  if (input.type !== 'provider.itemCompleted') return item;
  const isShort = item.text === '' || input.isFallback === true;
  const streamed = isShort ? (lookups.item(item.itemId)?.text ?? '') : '';
  return streamed === '' ? item : { ...item, text: streamed };
}

/** A plan is known by its turn, which has one; without a turn, or in a sub-agent, by the item that the adapter names. */
function identified({ turnId, item }: ItemInput): ItemDraft {
  const isOfTurn = item.body.kind === 'plan' && turnId !== null && item.parentItemId === undefined;
  return isOfTurn ? { ...item, itemId: itemIdOf(turnId, 'plan') } : item;
}

/** What another thread told, with what only a look-up knows. `item`: what the input names, if this thread has it. */
export function resolveTold(input: ThreadInput, item: (itemId: ItemId) => ItemRow | undefined): ThreadInput {
  if (input.type !== 'plan.implemented') return input;
  const body = item(input.itemId)?.body;
  return { ...input, isFirst: body?.kind === 'plan' && body.implementedBy === undefined };
}

const pick = ({ turnId, attempt }: Named): Named => ({ turnId, attempt });

function nameOf(nativeTurnId: string | null, lookups: TurnLookups): Named | null {
  if (nativeTurnId === null) return null;
  const { turn } = lookups;
  return turn?.nativeTurnId === nativeTurnId ? turn : lookups.byNative(nativeTurnId);
}
