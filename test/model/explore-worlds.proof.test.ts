/** Worlds in which little else happens than what they are about. */
import { describe, expect, it } from 'vitest';
import { LiveReplay } from './live-replay.ts';
import { prove, report, violationsOf } from './prove.ts';

const NOTHING = { prompts: 0, requests: 0, sideRequests: 0, sideTurns: 0, nativeSteer: false } as const;

describe.each([
  {
    what: 'a thread whose workspace is captured',
    name: 'captures and rollbacks',
    bounds: { ...NOTHING, captures: 1 } as const,
    least: { states: 1_000, edges: 20_000, steps: 10_000 },
    types: [
      'checkpoint.rollback',
      'checkpoint.captured',
      'checkpoint.missing',
      'checkpoint.failed',
      'checkpoint.timedOut',
      'checkpoint.restored',
      'restore.timedOut',
    ],
  },
  {
    what: 'a sub-agent whose connection another thread carries, and that a person goes on with',
    name: 'sub-agents',
    bounds: { ...NOTHING, carried: 1 } as const,
    least: { states: 1_000, edges: 10_000, steps: 10_000 },
    types: ['connection.adopted', 'provider.agentStarted'],
  },
  {
    what: 'a thread that has something done by another',
    name: 'tasks of other threads',
    bounds: { ...NOTHING, delegates: 1 } as const,
    least: { states: 100, edges: 1_000, steps: 500 },
    types: ['task.delegate', 'task.ended', 'task.acknowledge'],
  },
])('every reachable state of $what', ({ name, bounds, least, types }) => {
  const live = new LiveReplay();
  const proof = prove(bounds, { onStep: (step) => live.replay(step) });
  report(name, proof);

  it('keeps every rule', () => {
    expect(violationsOf(proof)).toEqual({});
  });

  it('is one of many', () => {
    expect(proof.states.length).toBeGreaterThanOrEqual(least.states);
    expect(proof.edgeCount).toBeGreaterThanOrEqual(least.edges);
  });

  it('is reached alike by live actors', () => {
    expect(live.differences).toEqual([]);
    expect(live.stepCount).toBeGreaterThanOrEqual(least.steps);
  });

  it('is reached by each of its inputs', () => {
    expect([...proof.acceptedTypes]).toEqual(expect.arrayContaining(types));
  });
});
