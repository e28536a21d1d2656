import { expect, test } from 'vitest';
import { clockTimeOf, durationOf } from '../../../../server/cli/durations.ts';

test.each([
  [0, '0 s'],
  [999, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 m'],
  [90_000, '1 m 30 s'],
  [3_600_000, '1 h'],
  [5_430_000, '1 h 30 m'],
  [90_000_000, '1 d 1 h'],
])('writes %d ms as %s', (ms, text) => {
  expect(durationOf(ms)).toBe(text);
});

test('writes a time of today without its date', () => {
  const at = new Date(2026, 10, 21, 9, 5, 7).getTime();
  expect(clockTimeOf(at, at + 1_000)).toBe('09:05:07');
  expect(clockTimeOf(at, at + 86_400_000)).toBe('2026-11-21 09:05:07');
});
