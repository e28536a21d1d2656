/** Every step of the worlds that the fast suite explores, on live actors; there only some are taken. */
import { expect, it } from 'vitest';
import { explore, type Watcher } from './explore.ts';
import { LiveReplay } from './live-replay.ts';

const NOTHING = { prompts: 0, requests: 0, sideRequests: 0, sideTurns: 0, nativeSteer: false };
const ONE_OF_EACH = { ...NOTHING, prompts: 1, requests: 1 };

it.each([
  { name: 'steers as new attempts', bounds: ONE_OF_EACH, stepCount: 40_000, brokenCount: 1_000 },
  {
    name: 'native steers',
    bounds: { ...ONE_OF_EACH, nativeSteer: true },
    stepCount: 30_000,
    brokenCount: 1_000,
  },
  {
    name: 'captures and rollbacks',
    bounds: { ...NOTHING, captures: 1 as const },
    stepCount: 10_000,
    brokenCount: 0,
  },
  { name: 'sub-agents', bounds: { ...NOTHING, carried: 1 as const }, stepCount: 10_000, brokenCount: 0 },
  { name: 'tasks', bounds: { ...NOTHING, delegates: 1 as const }, stepCount: 30_000, brokenCount: 0 },
])('$name: every step is taken alike by live actors', ({ bounds, stepCount, brokenCount }) => {
  const live = new LiveReplay();
  const watcher: Watcher = { onStep: (step) => live.replay(step) };
  explore(bounds, brokenCount === 0 ? watcher : { ...watcher, onBroken: (broken) => live.break(broken) });
  expect(live.differences).toEqual([]);
  expect(live.stepCount).toBeGreaterThanOrEqual(stepCount);
  expect(live.brokenCount).toBeGreaterThanOrEqual(brokenCount);
});
