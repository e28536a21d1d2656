import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isDeeper } from '../../../../server/gateway/message.ts';
import { method, PROTOCOL } from '../../../../server/gateway/protocol.ts';

describe('the table of methods', () => {
  it('does not compile a method without a scope', () => {
    // @ts-expect-error there is no scope
    const spec = method({ summary: 'x', params: z.strictObject({}), result: z.object({}) });
    expect(spec).toBeDefined();
  });

  it('refuses unknown parameters of every method', () => {
    for (const [name, { params }] of Object.entries(PROTOCOL)) {
      const parsed = params.safeParse({ unknownKey: 1 });
      const issues = parsed.success ? [] : parsed.error.issues;
      expect
        .soft(
          issues.map((issue) => issue.code),
          name,
        )
        .toContain('unrecognized_keys');
    }
  });
});

describe('isDeeper', () => {
  it.each([
    ['[]', 1, false],
    ['[[]]', 1, true],
    ['[{"a":[]}]', 3, false],
    ['[{"a":[]}]', 2, true],
    ['["[[[["]', 1, false],
    [String.raw`["\"[[[["]`, 1, false],
    [String.raw`["\\",[]]`, 1, true],
    ['[],[],[]', 1, false],
    ['"unterminated [[[', 0, false],
  ])('of %s and %d is %s', (text, most, expected) => {
    expect(isDeeper(text, most)).toBe(expected);
  });
});
