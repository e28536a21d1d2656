/** Every step of the worlds that the fast suite explores, on live actors; there only some are taken. */
import { expect, it } from 'vitest';
import { explore } from './explore.ts';
import { LiveReplay } from './live-replay.ts';

const ONE_OF_EACH = { prompts: 1, requests: 1, sideRequests: 0, sideTurns: 0 };

it.each([
  { name: 'steers as new attempts', bounds: { ...ONE_OF_EACH, nativeSteer: false }, stepCount: 40_000 },
  { name: 'native steers', bounds: { ...ONE_OF_EACH, nativeSteer: true }, stepCount: 30_000 },
])('$name: every step is taken alike by live actors', ({ bounds, stepCount }) => {
  const live = new LiveReplay();
  explore(bounds, { onStep: (step) => live.replay(step), onBroken: (broken) => live.break(broken) });
  expect(live.differences).toEqual([]);
  expect(live.stepCount).toBeGreaterThanOrEqual(stepCount);
  expect(live.brokenCount).toBeGreaterThanOrEqual(1_000);
});
