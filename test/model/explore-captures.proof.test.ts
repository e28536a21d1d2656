/** The files of the workspace: captured around turns, and put back. */
import { describe, expect, it } from 'vitest';
import { LiveReplay } from './live-replay.ts';
import { prove, report, violationsOf } from './prove.ts';

const BOUNDS = { prompts: 0, requests: 0, sideRequests: 0, sideTurns: 0, nativeSteer: false } as const;

describe('every reachable state of a thread whose workspace is captured', () => {
  const live = new LiveReplay();
  const proof = prove({ ...BOUNDS, captures: 1 }, { onStep: (step) => live.replay(step) });
  report('captures and rollbacks', proof);

  it('keeps every rule', () => {
    expect(violationsOf(proof)).toEqual({});
  });

  it('is one of many', () => {
    expect(proof.states.length).toBeGreaterThanOrEqual(1_000);
    expect(proof.edgeCount).toBeGreaterThanOrEqual(20_000);
  });

  it('is reached alike by live actors', () => {
    expect(live.differences).toEqual([]);
    expect(live.stepCount).toBeGreaterThanOrEqual(10_000);
  });

  it('is reached by every answer and every deadline', () => {
    expect([...proof.acceptedTypes]).toEqual(
      expect.arrayContaining([
        'checkpoint.rollback',
        'checkpoint.captured',
        'checkpoint.missing',
        'checkpoint.failed',
        'checkpoint.timedOut',
        'checkpoint.restored',
        'restore.timedOut',
      ]),
    );
  });
});
