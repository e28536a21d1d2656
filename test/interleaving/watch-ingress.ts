import { Ingress, type Arrival } from '../../server/runtime/ingress.ts';

/** What waits in the queue of the runtime that was made last, which shows it to nobody. */
let waiting: Arrival[] = [];

/** From the making of a runtime on. */
export function watchIngress(): () => readonly Arrival[] {
  waiting = [];
  return () => waiting;
}

const original = <Given extends unknown[], Result>(name: keyof Ingress) =>
  Reflect.get(Ingress.prototype, name) as (this: Ingress, ...given: Given) => Result;
const push = original<[Arrival], void>('push');
const shift = original<[], Arrival | undefined>('shift');
const putBack = original<[readonly Arrival[]], void>('putBack');

Object.assign(Ingress.prototype, {
  push(this: Ingress, arrival: Arrival): void {
    push.call(this, arrival);
    waiting.push(arrival);
  },
  shift(this: Ingress): Arrival | undefined {
    const taken = shift.call(this);
    if (taken !== undefined) waiting.shift();
    return taken;
  },
  putBack(this: Ingress, arrivals: readonly Arrival[]): void {
    putBack.call(this, arrivals);
    waiting.unshift(...arrivals);
  },
});
