/** What is asked of every machine that is walked by itself. */
import { describe, expect, it } from 'vitest';
import type { Alone } from './alone.ts';

/** Below these counts a walk has become empty. */
export interface Least {
  readonly stateCount: number;
  readonly edgeCount: number;
  readonly arrowCount: number;
}

/** `walks` of one machine: what the one cannot come to, another one does. */
export function describeAlone(name: string, walks: readonly Alone[], least: Least): void {
  const first = walks[0];
  if (first === undefined) throw new Error('nothing was walked');
  const events = first.machine.events.map(String).toSorted();
  const sumOf = (count: (walk: Alone) => number): number =>
    walks.reduce((total, walk) => total + count(walk), 0);
  for (const walk of walks) console.log(`${name}: ${walk.summary}`);

  describe(`a ${name} by itself`, () => {
    it('is given every type of event that its chart names', () => {
      const given = new Set(walks.flatMap((walk) => [...walk.given]));
      expect([...given].toSorted()).toEqual(events);
    });

    it('takes each of them somewhere', () => {
      const taken = new Set(walks.flatMap((walk) => [...walk.taken]));
      expect([...taken].toSorted()).toEqual(events);
    });

    it('goes along every arrow that is written in the chart', () => {
      const uncrossed = walks.map((walk) => new Set(walk.uncrossed));
      expect(first.arrowCount).toBeGreaterThanOrEqual(least.arrowCount);
      expect(first.uncrossed.filter((arrow) => uncrossed.every((each) => each.has(arrow)))).toEqual([]);
    });

    it('is led by every edge and path to the state of the graph, as a live actor', () => {
      expect(walks.flatMap(({ differences }) => differences)).toEqual([]);
    });

    it('has not become smaller', () => {
      expect(sumOf((walk) => walk.stateCount)).toBeGreaterThanOrEqual(least.stateCount);
      expect(sumOf((walk) => walk.edgeCount)).toBeGreaterThanOrEqual(least.edgeCount);
      for (const { pathCount, stateCount } of walks) expect(pathCount).toBe(stateCount);
    });
  });
}
