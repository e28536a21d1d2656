import { expect, test } from 'vitest';
import { storeCharts, type Charts } from '../../machines/charts.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';
import { Stepper } from '../../machines/step.ts';
import { closeFailed, finished, running, startOf, STOP } from '../helpers/inputs.ts';

const stepper = new Stepper('thread');
const stepAll = (charts: Charts, inputs: readonly ThreadInput[]): Charts =>
  inputs.reduce((before, input) => stepper.step(before, input).charts, charts);

test('the same failure again is no new status, also for charts that came from the journal', () => {
  const first = stepAll(stepper.start(startOf()).charts, [
    ...running('a'),
    ...finished('a'),
    STOP,
    closeFailed(),
    STOP,
  ]);
  // a failure that went through JSON is another object
  const restored = stepper.restore(JSON.parse(JSON.stringify(storeCharts(first))));
  const facts = [first, restored].map((charts) =>
    stepper.step(charts, closeFailed()).drawn.facts.map(({ type }) => type),
  );
  const said = ['connection.closeFailed', 'item.completed'];
  expect(facts).toEqual([said, said]);
});
