/** Makes of something right something that is nearly right. */
import type { Random } from '../helpers/random.ts';

// prettier-ignore
/** Values that parsers stumble over. */
const STRANGE: readonly unknown[] = [
  null, true, false, 0, -1, 1.5, 1e308, -0, 2 ** 53, 2 ** 63, 4_294_967_296, '', ' ', 'x', 'null', '0', [], {}, [[]],
  [null], { '': '' }, '__proto__', 'constructor', 'toString', '\u0000', '\ud800', '\uffff', '../../etc/passwd', '%00',
  '${1}', "'; drop table entries; --", '<script>', '😀'.repeat(40), 'a#1', 'a#0',
];
// prettier-ignore
const KEYS = ['', 'id', 'type', 'method', 'params', 'threadId', '__proto__', 'constructor', 'x', 'command', '\u0000'];

export function strange(random: Random): unknown {
  const kind = random.below(40);
  if (kind === 0) return 'y'.repeat(random.below(70_000));
  if (kind === 1) return nested(random.below(60));
  if (kind === 2) return Array.from({ length: random.below(300) }, (_, index) => index);
  if (kind === 3) return Object.fromEntries(KEYS.map((key) => [key, random.below(3)]));
  return structuredClone(random.pick(STRANGE));
}

/** A copy with a few of its parts replaced, taken out, added or doubled. */
export function mutated(value: unknown, random: Random): unknown {
  let copy: unknown = structuredClone(value);
  for (let count = 1 + random.below(3); count > 0; count -= 1) copy = mutatedOnce(copy, random);
  return copy;
}

function mutatedOnce(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.15)) return strange(random);
  const keys = Object.keys(value);
  const key = keys.length > 0 && random.chance(0.85) ? random.pick(keys) : random.pick(KEYS);
  const inner: unknown = Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
  const how = random.below(5);
  if (how === 0) return without(value, key);
  // an own property, whatever it is called
  const changed = how < 3 && inner !== undefined ? mutatedOnce(inner, random) : strange(random);
  Object.defineProperty(value, key, { value: changed, enumerable: true, configurable: true, writable: true });
  return value;
}

function without(value: object, key: string): unknown {
  if (Array.isArray(value)) return Array.from(value).filter((_, index) => String(index) !== key);
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let count = 0; count < depth; count += 1) value = count % 2 === 0 ? [value] : { a: value };
  return value;
}

/** A text with some of its characters cut off, put in, doubled or exchanged. */
export function garbled(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const end = Math.min(text.length, at + random.below(8));
  const piece = random.pick([
    '',
    '"',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '\\',
    '\\u',
    '\n',
    '\u0000',
    '1e9',
    text.slice(0, 20),
  ]);
  return text.slice(0, at) + piece + text.slice(random.chance(0.3) ? text.length : end);
}

/** The same with bytes, which need not be text any more. */
export function garbledBytes(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  for (let count = 1 + random.below(4); count > 0 && copy.length > 0; count -= 1)
    copy[random.below(copy.length)] = random.below(256);
  return random.chance(0.2) ? copy.subarray(0, random.below(copy.length + 1)) : copy;
}
