import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  commandIdSchema,
  connectionIdOf,
  itemIdOf,
  itemIdSchema,
  requestIdOf,
  requestIdSchema,
  threadIdSchema,
} from '../../../../machines/domain/ids.ts';

const THREAD = threadIdSchema.parse('t1');

describe('ids', () => {
  it('are words of 1 to 64 safe characters', () => {
    expect(threadIdSchema.safeParse('aZ0_-.:/').success).toBe(true);
    for (const bad of ['', 'a b', 'ä', "'", 'x'.repeat(65)])
      expect(commandIdSchema.safeParse(bad).success).toBe(false);
  });

  it('of connections are the thread and the number of the opening', () => {
    expect(connectionIdOf(THREAD, 2)).toBe('t1#2');
  });

  it('of items and requests are pinned: the journal holds them', () => {
    expect(itemIdOf('turn', 'item')).toBe('0gq0zbjusxozg');
    expect(requestIdOf(connectionIdOf(THREAD, 1), '0')).toBe('1yhtk0bdc22e1');
  });

  it('are the same for the same, parse, and differ for different texts', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (turn, item) => {
        const id = itemIdOf(turn, item);
        expect(itemIdOf(turn, item)).toBe(id);
        expect(itemIdSchema.safeParse(id).success).toBe(true);
        expect(itemIdOf(turn, `${item}x`)).not.toBe(id);
        expect(itemIdOf(`${turn}x`, item)).not.toBe(id);
      }),
      { numRuns: 300 },
    );
  });

  it('do not run together where turn and item are cut elsewhere', () => {
    expect(itemIdOf('ab', 'c')).not.toBe(itemIdOf('a', 'bc'));
  });

  it('of 100,000 items are all different and all of nearly one length', () => {
    const ids = new Set<string>();
    for (let turn = 0; turn < 100; turn += 1) {
      for (let item = 0; item < 1000; item += 1) ids.add(itemIdOf(`turn-${turn}`, String(item)));
    }
    expect(ids.size).toBe(100_000);
    expect([...ids].every((id) => id.length >= 8 && id.length <= 14)).toBe(true);
  });

  it('spread over both halves: neighbours share neither', () => {
    const halves = [0, 7].map((from) => {
      const seen = new Set<string>();
      for (let item = 0; item < 1000; item += 1) seen.add(itemIdOf('t', String(item)).slice(from, from + 7));
      return seen.size;
    });
    expect(Math.min(...halves)).toBeGreaterThanOrEqual(999);
  });

  it('of requests differ by connection: providers count from 0 in each process', () => {
    const first = requestIdOf(connectionIdOf(THREAD, 1), '0');
    expect(requestIdOf(connectionIdOf(THREAD, 2), '0')).not.toBe(first);
    expect(requestIdSchema.safeParse(first).success).toBe(true);
  });
});
