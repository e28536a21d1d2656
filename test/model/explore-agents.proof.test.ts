/** A sub-agent whose connection is carried by that of another thread, and that a person goes on with. */
import { describe, expect, it } from 'vitest';
import { LiveReplay } from './live-replay.ts';
import { prove, report, violationsOf } from './prove.ts';

const BOUNDS = {
  prompts: 0,
  requests: 0,
  sideRequests: 0,
  sideTurns: 0,
  nativeSteer: false,
  carried: 1,
} as const;

describe('every reachable state of a sub-agent', () => {
  const live = new LiveReplay();
  const proof = prove(BOUNDS, { onStep: (step) => live.replay(step) });
  report('sub-agents', proof);

  it('keeps every rule', () => {
    expect(violationsOf(proof)).toEqual({});
  });

  it('is one of many', () => {
    expect(proof.states.length).toBeGreaterThanOrEqual(1_000);
    expect(proof.edgeCount).toBeGreaterThanOrEqual(10_000);
    const types = ['connection.adopted', 'provider.agentStarted'];
    expect([...proof.acceptedTypes]).toEqual(expect.arrayContaining(types));
  });

  it('is reached alike by live actors', () => {
    expect(live.differences).toEqual([]);
    expect(live.stepCount).toBeGreaterThanOrEqual(10_000);
  });
});
