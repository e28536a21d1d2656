/** What an input needs from look-ups before it is journaled: ids that the server makes, turns named by the provider. */
import type { ThreadContext, TurnContext } from './context.ts';
import type { ItemId, TurnId } from './ids.ts';
import type { ProviderInput, ThreadInput } from './input.ts';
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
  /** The files that an item changes, as far as that is known. */
  pathsOf(itemId: ItemId): readonly string[];
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
  if (resolved.type !== 'provider.requestOpened') return resolved;
  const isActive = resolved.turnId !== null && resolved.turnId === lookups.thread.activeTurn?.turnId;
  const request = withPaths(resolved.request, lookups);
  return { ...resolved, request, owner: isActive ? 'turn' : 'connection' };
}

/** A provider may ask for leave to change files and name only the item that says which. */
function withPaths(request: RequestDraft, lookups: TurnLookups): RequestDraft {
  const { body, itemId } = request;
  if (body.kind !== 'file-change' || body.paths.length > 0 || itemId === undefined) return request;
  return { ...request, body: { ...body, paths: [...lookups.pathsOf(itemId)] } };
}

const pick = ({ turnId, attempt }: Named): Named => ({ turnId, attempt });

function nameOf(nativeTurnId: string | null, lookups: TurnLookups): Named | null {
  if (nativeTurnId === null) return null;
  const { turn } = lookups;
  return turn?.nativeTurnId === nativeTurnId ? turn : lookups.byNative(nativeTurnId);
}
