import { describe, expect, it } from 'vitest';
import { UnclaimedFrames } from '../../../../adapters/codex/unclaimed-frames.ts';

function held() {
  const frames = new UnclaimedFrames();
  const said: string[] = [];
  const come = (thread: string, name: string): boolean =>
    frames.hold(thread, name === 'start', {
      take: () => void said.push(`${thread} ${name}`),
      giveUp: () => void said.push(`${thread} ${name} given up`),
    });
  return { frames, said, come };
}

describe('UnclaimedFrames', () => {
  it('keeps a thread from the beginning of a turn on, and gives it back in order', () => {
    const { frames, said, come } = held();
    expect([come('a', 'status'), come('a', 'start'), come('a', 'item'), come('b', 'item')]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(said).toEqual([]);
    frames.claim('a');
    expect(said).toEqual(['a start', 'a item']);
    frames.claim('a');
    expect([said.length, come('a', 'item')]).toEqual([2, false]);
  });

  it('gives up the oldest of many threads, and one with too many frames', () => {
    const { said, come } = held();
    for (let index = 0; index <= 16; index += 1) come(`t${index}`, 'start');
    expect(said).toEqual(['t0 start given up']);
    for (let index = 0; index < 1_000; index += 1) come('t1', 'item');
    expect(said).toHaveLength(1_002);
    expect(come('t1', 'item')).toBe(false);
  });
});
