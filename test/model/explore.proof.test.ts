/** Larger configurations: two prompts and two requests, and one of everything with a side turn. */
import { describe, expect, it } from 'vitest';
import { prove, report } from './prove.ts';

const TWO = { prompts: 2, requests: 2, sideRequests: 0, sideTurns: 0 };
const ALL = { prompts: 1, requests: 1, sideRequests: 1, sideTurns: 1 };

describe.each([
  { name: 'two of each, steers as new attempts', bounds: { ...TWO, nativeSteer: false }, stateCount: 11_800 },
  { name: 'two of each, native steers', bounds: { ...TWO, nativeSteer: true }, stateCount: 7_900 },
  {
    name: 'everything beside, steers as new attempts',
    bounds: { ...ALL, nativeSteer: false },
    stateCount: 23_000,
  },
  { name: 'everything beside, native steers', bounds: { ...ALL, nativeSteer: true }, stateCount: 23_000 },
])('every reachable state with $name', ({ name, bounds, stateCount }) => {
  it('keeps every rule', () => {
    const proof = prove(bounds);
    report(name, proof);
    expect(proof.violations).toEqual({});
    expect(proof.states.length).toBeGreaterThanOrEqual(stateCount);
  });
});
