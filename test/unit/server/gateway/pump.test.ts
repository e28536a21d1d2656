import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Pump, type Work } from '../../../../server/gateway/pump.ts';

function work(log: string[], name: string, count: number): Work {
  let left = count;
  return {
    step: () => {
      left -= 1;
      log.push(name);
      return left > 0;
    },
    fail: (error) => log.push(`${name} failed: ${String(error)}`),
  };
}

describe('a pump', () => {
  it('gives everybody a step in turn', async () => {
    const log: string[] = [];
    const pump = new Pump({ sliceMs: 4, now: () => 0 });
    pump.add(work(log, 'a', 3));
    pump.add(work(log, 'b', 1));
    pump.add(work(log, 'c', 2));
    expect(log).toEqual([]);
    await nextTurn();
    expect(log).toEqual(['a', 'b', 'c', 'a', 'c', 'a']);
  });

  it('lets the loop turn when its slice is over', async () => {
    let now = 0;
    const log: string[] = [];
    const pump = new Pump({ sliceMs: 4, now: () => (now += 1) });
    pump.add(work(log, 'a', 10));
    await nextTurn();
    const first = log.length;
    expect(first).toBeLessThan(6);
    await nextTurn();
    expect(log.length).toBeGreaterThan(first);
  });

  it('tells work that throws, and goes on with the others', async () => {
    const log: string[] = [];
    const pump = new Pump({ sliceMs: 4, now: () => 0 });
    const broken = work(log, 'a', 1);
    broken.step = () => {
      throw new Error('defect');
    };
    pump.add(broken);
    pump.add(work(log, 'b', 1));
    await nextTurn();
    expect(log).toEqual(['a failed: Error: defect', 'b']);
  });

  it('does nothing after its close', async () => {
    const log: string[] = [];
    const pump = new Pump({ sliceMs: 4, now: () => 0 });
    pump.add(work(log, 'a', 1));
    pump.close();
    await nextTurn();
    expect(log).toEqual([]);
  });
});
