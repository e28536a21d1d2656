/** What another thread does for this one: handed over, told of, known. */
import { describe, expect, it } from 'vitest';
import { LiveReplay } from './live-replay.ts';
import { prove, report, violationsOf } from './prove.ts';

const BOUNDS = { prompts: 0, requests: 0, sideRequests: 0, sideTurns: 0, nativeSteer: false } as const;

describe('every reachable state of a thread that has something done by another', () => {
  const live = new LiveReplay();
  const proof = prove({ ...BOUNDS, delegates: 1 }, { onStep: (step) => live.replay(step) });
  report('tasks of other threads', proof);

  it('keeps every rule', () => {
    expect(violationsOf(proof)).toEqual({});
  });

  it('is one of many', () => {
    expect(proof.states.length).toBeGreaterThanOrEqual(100);
    expect(proof.edgeCount).toBeGreaterThanOrEqual(1_000);
  });

  it('is reached alike by live actors', () => {
    expect(live.differences).toEqual([]);
    expect(live.stepCount).toBeGreaterThanOrEqual(500);
  });

  it('is reached by every input of tasks', () => {
    const types = ['task.delegate', 'task.ended', 'task.acknowledge'];
    expect([...proof.acceptedTypes]).toEqual(expect.arrayContaining(types));
  });
});
