/** One prompt that waits and one request, where a steer makes a new attempt. */
import { describe, expect, it } from 'vitest';
import {
  COMMAND_INPUT_TYPES,
  PROVIDER_INPUT_TYPES,
  RUNTIME_INPUT_TYPES,
  TIMER_INPUT_TYPES,
  TOLD_INPUT_TYPES,
} from '../../machines/domain/input.ts';
import { WORLD } from '../helpers/given.ts';
import { withoutAction, withoutAlways, type Mutation } from '../helpers/mutants.ts';
import { LiveReplay, SAMPLED } from './live-replay.ts';
import { prove, report, violationsOf } from './prove.ts';

const BOUNDS = { prompts: 1, requests: 1, sideRequests: 0, sideTurns: 0, nativeSteer: false };

describe('every reachable state of a thread', () => {
  const live = new LiveReplay(SAMPLED);
  const proof = prove(BOUNDS, {
    isSampled: true,
    onStep: (step) => live.replay(step),
    onBroken: (broken) => live.break(broken),
  });
  report('steers as new attempts', proof);

  it('keeps every rule', () => {
    expect(violationsOf(proof)).toEqual({});
  });

  it('is one of many', () => {
    expect(proof.states.length).toBeGreaterThanOrEqual(2_600);
    expect(proof.edgeCount).toBeGreaterThanOrEqual(48_000);
    expect(proof.mostFirings).toBe(5);
  });

  it('is reached alike by live actors', () => {
    expect(live.differences).toEqual([]);
    expect(live.brokenCount).toBeGreaterThanOrEqual(150);
    expect(live.stepCount).toBeGreaterThanOrEqual(5_000);
  });

  it('is reached by every catalogued input but those that this configuration has no use for', () => {
    const all = [
      ...COMMAND_INPUT_TYPES,
      ...PROVIDER_INPUT_TYPES,
      ...TIMER_INPUT_TYPES,
      ...RUNTIME_INPUT_TYPES,
      ...TOLD_INPUT_TYPES,
    ];
    const unused = [
      // the first input of a thread makes its chart
      'thread.create',
      // of captured workspaces
      'checkpoint.rollback',
      'checkpoint.captured',
      'checkpoint.missing',
      'checkpoint.failed',
      'checkpoint.restored',
      'checkpoint.timedOut',
      'restore.timedOut',
      // of what is carried from one session to another
      'thread.fork',
      'thread.mergeBack',
      'thread.switchProvider',
      'handOver.timedOut',
      'transfer.built',
      'transfer.failed',
      'transfer.offered',
      // of tasks of other threads
      'task.acknowledge',
      'task.delegate',
      'task.ended',
      // of sub-agents
      'provider.agentStarted',
      'connection.adopted',
      // of work in the background that folds prompts
      'provider.foldingChanged',
      // of native steers
      'provider.steerAccepted',
      'provider.steerRefused',
      'steer.timedOut',
      // of a working tree
      'worktree.made',
      'worktree.failed',
      'worktree.timedOut',
    ];
    expect(all.filter((type) => !proof.acceptedTypes.has(type)).toSorted()).toEqual(unused.toSorted());
  });
});

describe('the exploration', { timeout: 60_000 }, () => {
  const SMALL = { ...BOUNDS, prompts: 0, requests: 0 };
  const without = (mutate: Mutation, until: string) =>
    violationsOf(prove(SMALL, { machines: mutate(WORLD).machines, until }));

  it.each<[string, Mutation, string]>([
    [
      'the telling of a lost turn',
      withoutAction('thread', 'noteLostTurn'),
      'the link mirrors the connection',
    ],
    ['the way to the tombstone', withoutAlways('thread', 'unbound', 0), 'a delete is carried out'],
  ])('finds the lack of %s', (_, mutate, rule) => {
    expect(Object.keys(without(mutate, rule))).toContain(rule);
  });
});
