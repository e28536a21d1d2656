import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fit, prefixOf, shrink } from '../../../../server/gateway/fit.ts';

const TEXT_BYTES = 65_536;
const ROOM = { bytes: 1_000_000, textBytes: TEXT_BYTES };
const textOf = fc.string({ unit: 'grapheme', minLength: 0, maxLength: 200 });

describe('prefixOf', () => {
  it('is the longest prefix that fits, and splits no character', () => {
    fc.assert(
      fc.property(textOf, fc.nat(100), (text, bytes) => {
        const prefix = prefixOf(text, bytes);
        expect(text.startsWith(prefix)).toBe(true);
        expect(Buffer.byteLength(prefix)).toBeLessThanOrEqual(bytes);
        expect(prefix.isWellFormed()).toBe(true);
        const next = String.fromCodePoint(text.codePointAt(prefix.length) ?? 0);
        if (prefix !== text) expect(Buffer.byteLength(prefix + next)).toBeGreaterThan(bytes);
      }),
    );
  });
});

describe('shrink', () => {
  it('leaves alone what is short', () => {
    const value = { a: [1, 'two', null, { b: true }], c: undefined };
    expect(shrink(value, { textBytes: 3, listCount: 4 })).toEqual(value);
  });

  it('says beside a cut string how long it was, of several the longest', () => {
    const cut = shrink(
      { text: 'éééé', other: 'abcde', deep: [{ text: 'abcdef' }] },
      { textBytes: 4, listCount: 9 },
    );
    expect(cut).toEqual({
      text: 'éé',
      other: 'abcd',
      deep: [{ text: 'abcd', truncated: { bytes: 6 } }],
      truncated: { bytes: 8 },
    });
  });
});

describe('fit', () => {
  it('gives a value back that fits, and its JSON', () => {
    const value = { text: 'x'.repeat(TEXT_BYTES) };
    expect(fit(value, ROOM).value).toEqual(value);
    const small = { text: 'x' };
    expect(fit(small, ROOM)).toEqual({ value: small, json: '{"text":"x"}', sizeBytes: 12 });
  });

  it('cuts texts over 64 KiB even where there is room', () => {
    const { value } = fit({ text: 'x'.repeat(TEXT_BYTES + 1) }, ROOM);
    expect(value).toEqual({ text: 'x'.repeat(TEXT_BYTES), truncated: { bytes: TEXT_BYTES + 1 } });
  });

  it.each([
    ['many long texts', Array.from({ length: 100 }, () => ({ text: 'x'.repeat(60_000) }))],
    ['many short texts', Array.from({ length: 60_000 }, (_, index) => `some path ${index}.ts`)],
    ['control characters', Array.from({ length: 50 }, () => '\u0001'.repeat(50_000))],
    ['lists of lists', Array.from({ length: 500 }, () => Array.from({ length: 500 }, () => 'word'))],
  ])('makes %s fit', (_case, value) => {
    const { json, sizeBytes } = fit(value, ROOM);
    expect(sizeBytes).toBeLessThanOrEqual(ROOM.bytes);
    expect(sizeBytes).toBe(Buffer.byteLength(json));
  });
});
