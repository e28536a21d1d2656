/**
 * Branded ids. Server-made ids (thread, turn, queue entry) are random words that arrive with an input; all others are
 * derived from what is already in the journal, so that stepping it again gives the same ids.
 */
import { z } from 'zod';

/** Letters, digits and `_ - . : /`, 1 to 64 characters: safe in URLs, logs and SQL. */
const word = z.string().regex(/^[\w.:/-]{1,64}$/, 'expected 1 to 64 characters of A-Z a-z 0-9 _ - . : /');

export const threadIdSchema = word.brand<'ThreadId'>();
export const turnIdSchema = word.brand<'TurnId'>();
export const itemIdSchema = word.brand<'ItemId'>();
export const requestIdSchema = word.brand<'RequestId'>();
export const connectionIdSchema = z.string().min(1).max(96).brand<'ConnectionId'>();
export const instanceIdSchema = word.brand<'InstanceId'>();
export const commandIdSchema = word.brand<'CommandId'>();
export const attachmentIdSchema = word.brand<'AttachmentId'>();

export type ThreadId = z.infer<typeof threadIdSchema>;
export type TurnId = z.infer<typeof turnIdSchema>;
export type ItemId = z.infer<typeof itemIdSchema>;
export type RequestId = z.infer<typeof requestIdSchema>;
export type ConnectionId = z.infer<typeof connectionIdSchema>;
export type InstanceId = z.infer<typeof instanceIdSchema>;
export type CommandId = z.infer<typeof commandIdSchema>;
export type AttachmentId = z.infer<typeof attachmentIdSchema>;

/** The `number`-th opening of a thread's connection; unique among all threads. */
export function connectionIdOf(threadId: ThreadId, number: number): ConnectionId {
  return derived<ConnectionId>(`${threadId}#${number}`);
}

/** The thread whose connection it is or was. */
export function threadIdOf(connectionId: ConnectionId): ThreadId {
  return threadIdSchema.parse(connectionId.slice(0, connectionId.lastIndexOf('#')));
}

/**
 * The thread of a sub-agent: derived, so that a repeated report of it means the same thread, whoever makes it. `root`: the
 * thread in whose connection it lives, or any other that stays the same for it.
 */
export function childThreadIdOf(root: ThreadId, nativeAgentId: string): ThreadId {
  return threadIdSchema.parse(`agent-${digest(`${root}\n${nativeAgentId}`)}`);
}

/**
 * The connection of a sub-agent's thread that another connection carries. `key` tells apart what would be the same
 * otherwise: a sub-agent that ends and is at work again on the same connection.
 */
export function carriedConnectionIdOf(carrier: ConnectionId, child: ThreadId, key = ''): ConnectionId {
  return connectionIdSchema.parse(`${child}#${digest(`${carrier}\n${key}`)}`);
}

/**
 * A thread-wide item id from the provider's own turn and item ids. Providers reuse item ids in later turns
 * (codex 0.169.0 passes the model's ids through), so the turn is part of it. At most 14 characters, 64 bits.
 */
export function itemIdOf(turn: string, item: string): ItemId {
  return derived<ItemId>(digest(`${turn}\n${item}`));
}

/** Of the turn that a prompt becomes which did not reach the provider with its first one: `id:2`, then `id:3`. */
export function turnIdAgain(turnId: TurnId): TurnId {
  const [, first = turnId, count = '1'] = /^(.*):(\d+)$/.exec(turnId) ?? [];
  return turnIdSchema.parse(`${first}:${Number(count) + 1}`);
}

/** A request id from the connection that asked and the provider's own request id, which restarts with each process. */
export function requestIdOf(connectionId: ConnectionId, nativeRequestId: string): RequestId {
  return derived<RequestId>(digest(`${connectionId}\n${nativeRequestId}`));
}

/** Of ids that were parsed, or their digest: not parsed again, as it is asked for with each piece of text. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made here, in the form that its parser asks for
const derived = <Id extends string>(word: string): Id => word as Id;

/** 64 bits of a string as base 36: two 32-bit multiply-and-mix hashes with different seeds. */
function digest(text: string): string {
  const high = mix(text, 0x9e3779b9).toString(36).padStart(7, '0');
  return (high + mix(text, 0x85ebca6b).toString(36)).slice(0, 14);
}

function mix(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
