/** A thread that gets a working tree of its own before its first prompt. */
import { describe, expect, it } from 'vitest';
import { threadContextOf } from '../../machines/charts.ts';
import { LiveReplay } from './live-replay.ts';
import type { Step } from './explore.ts';
import { prove, report, violationsOf } from './prove.ts';

const BOUNDS = {
  prompts: 1,
  requests: 0,
  sideRequests: 0,
  sideTurns: 0,
  nativeSteer: false,
  worktree: 1,
} as const;

describe('every reachable state of a thread in its own working tree', () => {
  const live = new LiveReplay();
  const proof = prove(BOUNDS, {
    // of the others another configuration has as many
    onStep: (step) => (isUnprepared(step) ? live.replay(step) : undefined),
  });
  report('a working tree', proof);

  it('keeps every rule', () => {
    expect(violationsOf(proof)).toEqual({});
  });

  it('is one of many', () => {
    expect(proof.states.length).toBeGreaterThanOrEqual(2_000);
    const types = ['worktree.made', 'worktree.failed', 'worktree.timedOut'];
    expect([...proof.acceptedTypes]).toEqual(expect.arrayContaining(types));
  });

  it('is reached alike by live actors', () => {
    expect(live.differences).toEqual([]);
    expect(live.stepCount).toBeGreaterThanOrEqual(100);
  });
});

describe('every reachable state of a fork in its own working tree', () => {
  const proof = prove({ ...BOUNDS, prompts: 0, forks: 1 }, {});
  report('a fork in a working tree', proof);

  it('keeps every rule, and takes what is brought to it', () => {
    expect(violationsOf(proof)).toEqual({});
    expect([...proof.acceptedTypes]).toEqual(expect.arrayContaining(['worktree.made', 'transfer.offered']));
  });
});

const isUnprepared = ({ state }: Step): boolean =>
  threadContextOf(state.charts.root).worktree?.status !== 'ready';
