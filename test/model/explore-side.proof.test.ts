/** What stands beside the active turn: a turn of the provider's own making, requests of the connection or of a task. */
import { describe, expect, it } from 'vitest';
import { prove, report, violationsOf } from './prove.ts';

const NOTHING = { prompts: 0, requests: 0, sideRequests: 0, sideTurns: 0, nativeSteer: false };

describe.each([
  { name: 'a side turn', more: { sideTurns: 1 }, stateCount: 1_100, edgeCount: 18_000 },
  {
    name: 'background work that asks',
    more: { requests: 1, sideRequests: 1, tasks: 1 as const },
    stateCount: 2_300,
    edgeCount: 40_000,
  },
  {
    name: 'work in the background that folds prompts',
    more: { prompts: 1, folds: 1 as const },
    stateCount: 3_800,
    edgeCount: 70_000,
  },
  { name: 'a request of the connection', more: { sideRequests: 1 }, stateCount: 1_900, edgeCount: 31_000 },
])('every reachable state of a thread with $name', ({ name, more, stateCount, edgeCount }) => {
  const proof = prove({ ...NOTHING, ...more });
  report(name, proof);

  it('keeps every rule', () => {
    expect(violationsOf(proof)).toEqual({});
  });

  it('is one of many', () => {
    expect(proof.states.length).toBeGreaterThanOrEqual(stateCount);
    expect(proof.edgeCount).toBeGreaterThanOrEqual(edgeCount);
  });
});
