/** The chart of an instance by itself, with two threads: what it is told and when timers fire is up to others. */
import type { AnyEventObject, AnyMachineSnapshot } from 'xstate';
import type { InstanceContext } from '../../machines/domain/context.ts';
import { instanceMachine } from '../../machines/instance.machine.ts';
import { describeAlone } from './alone-suite.ts';
import { Alone } from './alone.ts';
import { firing, inputsFor, START, TIMERS } from './instance-world.ts';

const contextOf = ({ context }: AnyMachineSnapshot) => context as InstanceContext;

const eventsIn = (snapshot: AnyMachineSnapshot): AnyEventObject[] => [
  ...inputsFor(contextOf(snapshot)),
  ...TIMERS.map(firing),
];

/** How often a start has failed makes the next one wait longer, and nothing else. */
function keyOf(snapshot: AnyMachineSnapshot): string {
  const { waiting, sessions, resuming, next, driver } = contextOf(snapshot);
  return JSON.stringify([snapshot.value, waiting, sessions, resuming, next, driver]);
}

describeAlone('instance', [new Alone({ machine: instanceMachine, starts: [START], eventsIn, keyOf })], {
  stateCount: 729,
  edgeCount: 10_577,
  arrowCount: 63,
});
