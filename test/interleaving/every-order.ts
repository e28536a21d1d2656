import { Choices } from './choices.ts';
import { Schedule, type Disturbance, type Scenario } from './schedule.ts';

/** Plays the scenario in every order and gives their number. @throws {Error} at the first order that fails */
export async function everyOrder(scenario: Scenario, disturbance: Disturbance | null): Promise<number> {
  const choices = new Choices();
  let count = 0;
  do {
    await new Schedule(scenario, choices).play(disturbance);
    count += 1;
  } while (choices.next());
  return count;
}
