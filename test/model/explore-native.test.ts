/** One prompt that waits and one request, where the provider takes messages in a running turn. */
import { describe, expect, it } from 'vitest';
import { LiveReplay, SAMPLED } from './live-replay.ts';
import { prove, report, violationsOf } from './prove.ts';

describe('every reachable state of a thread with native steers', () => {
  const live = new LiveReplay(SAMPLED);
  const proof = prove(
    { prompts: 1, requests: 1, sideRequests: 0, sideTurns: 0, nativeSteer: true },
    { isSampled: true, onStep: (step) => live.replay(step), onBroken: (broken) => live.break(broken) },
  );
  report('native steers', proof);

  it('keeps every rule', () => {
    expect(violationsOf(proof)).toEqual({});
  });

  it('is one of many', () => {
    expect(proof.states.length).toBeGreaterThanOrEqual(2_080);
    expect(proof.edgeCount).toBeGreaterThanOrEqual(36_000);
    expect(proof.mostFirings).toBe(5);
  });

  it('is reached alike by live actors', () => {
    expect(live.differences).toEqual([]);
    expect(live.brokenCount).toBeGreaterThanOrEqual(150);
    expect(live.stepCount).toBeGreaterThanOrEqual(4_000);
  });

  it('is reached by native steers', () => {
    expect([...proof.acceptedTypes]).toEqual(
      expect.arrayContaining(['provider.steerAccepted', 'provider.steerRefused', 'steer.timedOut']),
    );
  });
});
