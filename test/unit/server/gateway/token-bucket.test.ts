import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../../../server/gateway/token-bucket.ts';

function bucketAt(clock: { now: number }): TokenBucket {
  return new TokenBucket({ ratePerSecond: 10, burstCount: 5, now: () => clock.now });
}

describe('a token bucket', () => {
  it('takes a burst, refuses as much again, and then calls it abuse', () => {
    const bucket = bucketAt({ now: 0 });
    const takes = Array.from({ length: 11 }, () => bucket.take());
    expect(takes).toEqual([...Array(5).fill('taken'), ...Array(4).fill('refused'), 'abused', 'abused']);
  });

  it('takes at its rate for ever', () => {
    const clock = { now: 0 };
    const bucket = bucketAt(clock);
    const takes = Array.from({ length: 1_000 }, () => {
      clock.now += 100;
      return bucket.take();
    });
    expect(new Set(takes)).toEqual(new Set(['taken']));
  });

  it('fills up to the burst and no higher', () => {
    const clock = { now: 0 };
    const bucket = bucketAt(clock);
    clock.now = 1_000_000;
    const takes = Array.from({ length: 6 }, () => bucket.take());
    expect(takes).toEqual([...Array(5).fill('taken'), 'refused']);
  });
});
