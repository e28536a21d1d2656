/** Makes values fit a message: long strings are cut, and what was cut is said beside them. */

/** How hard to cut, in UTF-8 bytes of a string and elements of a list. */
export interface Cut {
  readonly textBytes: number;
  readonly listCount: number;
}

const KEEP_LISTS = Number.POSITIVE_INFINITY;
/** Tried in turn until a value fits. The last ones cut more than texts; only a value that no agent sends needs them. */
const HARDER: readonly Cut[] = [
  { textBytes: 16_384, listCount: KEEP_LISTS },
  { textBytes: 2_048, listCount: KEEP_LISTS },
  { textBytes: 256, listCount: 1_000 },
  { textBytes: 128, listCount: 50 },
  { textBytes: 64, listCount: 8 },
];

const scratch = new Uint8Array(64 * 1024);
const encoder = new TextEncoder();

/** The longest prefix of at most `bytes` (≤ 64 KiB) in UTF-8; no character is split. */
export function prefixOf(text: string, bytes: number): string {
  return text.slice(0, encoder.encodeInto(text, scratch.subarray(0, bytes)).read);
}

/** A copy with every string and list cut; an object with a cut string gets `truncated: {bytes}` of the longest. */
export function shrink<T>(value: T, cut: Cut): T;
export function shrink(value: unknown, cut: Cut): unknown {
  if (typeof value === 'string')
    return isLonger(value, cut.textBytes) ? prefixOf(value, cut.textBytes) : value;
  if (Array.isArray(value)) return value.slice(0, cut.listCount).map((each: unknown) => shrink(each, cut));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]: [string, unknown]) => [key, shrink(each, cut)]);
  const lengths = Object.values(value).map((each: unknown) => cutBytesOf(each, cut));
  const bytes = Math.max(0, ...lengths);
  return Object.fromEntries(bytes === 0 ? entries : [...entries, ['truncated', { bytes }]]);
}

function cutBytesOf(value: unknown, cut: Cut): number {
  return typeof value === 'string' && isLonger(value, cut.textBytes) ? Buffer.byteLength(value) : 0;
}

/** A string over the limit is somewhere in the value. Cheaper than a copy of what needs none. */
function hasLonger(value: unknown, bytes: number): boolean {
  if (typeof value === 'string') return isLonger(value, bytes);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((each) => hasLonger(each, bytes));
}

/** A code unit takes at most 3 bytes. */
function isLonger(text: string, bytes: number): boolean {
  return text.length > bytes || (text.length * 3 > bytes && Buffer.byteLength(text) > bytes);
}

export interface Room {
  /** Of the JSON text. */
  readonly bytes: number;
  /** Longer strings are cut in any case. */
  readonly textBytes: number;
}

/** A value that fits, with its JSON, so that it is made once. */
export interface Fitting<T> {
  readonly value: T;
  readonly json: string;
  readonly sizeBytes: number;
}

/** Cuts a value as little as the room asks for. */
export function fit<T>(value: T, room: Room): Fitting<T> {
  const whole = JSON.stringify(value);
  // no string in it can be too long then: a code unit takes at most 3 bytes
  if (whole.length * 3 <= room.textBytes) return fittingOf(value, whole);
  let fitting = fittingOf(value, whole);
  if (fitting.sizeBytes <= room.bytes && !hasLonger(value, room.textBytes)) return fitting;
  for (const cut of [{ textBytes: room.textBytes, listCount: KEEP_LISTS }, ...HARDER]) {
    const cutValue = shrink(value, cut);
    fitting = fittingOf(cutValue, JSON.stringify(cutValue));
    if (fitting.sizeBytes <= room.bytes) break;
  }
  return fitting;
}

function fittingOf<T>(value: T, json: string): Fitting<T> {
  return { value, json, sizeBytes: Buffer.byteLength(json) };
}
