/**
 * Ids of our own for prompts, in opencode's form: a prefix, twelve hex digits that ascend with time, fourteen letters and
 * digits. Everything in them follows from what opencode has said and from the prompt, so that a prompt that is sent
 * again is not taken twice, and can be found again.
 */
import { createHash } from 'node:crypto';

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const TAIL_LENGTH = 14;
const TIME_DIGITS = 12;
/** A millisecond; what is below counts the ids of one. */
const MILLISECOND = 0x1000n;
const MASK = (1n << 48n) - 1n;

/** The part of an id that tells which prompt it is: of the `clientMessageId` of the prompt. */
function tailOf(clientMessageId: string): string {
  const digest = createHash('sha256').update(clientMessageId).digest();
  return Array.from(digest.subarray(0, TAIL_LENGTH), (byte) => LETTERS[byte % LETTERS.length]).join('');
}

/** The id of a message that comes after another one. */
export const nextMessageId = (after: string, clientMessageId: string): string =>
  `msg_${timeAfter(after)}${tailOf(clientMessageId)}`;

/** The id of the n-th part of a message of ours. */
export const partIdOf = (messageId: string, index: number): string =>
  `prt_${messageId.slice('msg_'.length, 'msg_'.length + TIME_DIGITS)}${tailOf(`${messageId}.${index}`)}`;

/** Where an id stands in time; ids of sessions descend. */
export const timeOfSession = (sessionId: string): string => {
  const digits = hexOf(sessionId);
  return digits === null ? '' : `msg_${toDigits(~BigInt(`0x${digits}`) & MASK)}`;
};

export const isOurs = (messageId: string, clientMessageId: string): boolean =>
  messageId.endsWith(tailOf(clientMessageId));

function timeAfter(id: string): string {
  const digits = hexOf(id);
  if (digits === null) return '0'.repeat(TIME_DIGITS);
  return toDigits((BigInt(`0x${digits}`) + MILLISECOND) & MASK);
}

const hexOf = (id: string): string | null => /^[a-z]+_([0-9a-f]{12})/.exec(id)?.[1] ?? null;
const toDigits = (value: bigint): string => value.toString(16).padStart(TIME_DIGITS, '0');
