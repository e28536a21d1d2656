import { expect, test } from 'vitest';
import { ERRORS, errorCodeSchema, RuntimeError } from '../../../../machines/domain/error.ts';
import { EXIT_CODES, exitCodeOf } from '../../../../server/cli/exit-codes.ts';

test.each([
  ['INVALID_PARAMS', 'usage'],
  ['UNAUTHORIZED', 'unauthorized'],
  ['FORBIDDEN', 'unauthorized'],
  ['STORE_LOCKED', 'inUse'],
  ['STORE_UNAVAILABLE', 'storeFailed'],
  ['CONNECTION_LOST', 'unreachable'],
  ['INTERNAL', 'internal'],
  ['THREAD_BUSY', 'refused'],
] as const)('%s ends as %s', (code, exit) => {
  expect(exitCodeOf(new RuntimeError(code, ''))).toBe(EXIT_CODES[exit]);
});

test('every code of the catalogue has one', () => {
  for (const code of errorCodeSchema.options) {
    expect(Object.values(EXIT_CODES)).toContain(exitCodeOf(new RuntimeError(code, ERRORS[code].meaning)));
  }
});

test.each([
  ['EADDRINUSE', 'inUse'],
  ['ECONNREFUSED', 'unreachable'],
  ['ENOTFOUND', 'unreachable'],
  ['EACCES', 'internal'],
] as const)('the system’s %s ends as %s', (code, exit) => {
  expect(exitCodeOf(Object.assign(new Error(code), { code }))).toBe(EXIT_CODES[exit]);
  expect(exitCodeOf('no error')).toBe(EXIT_CODES.internal);
});
