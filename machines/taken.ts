/** What the actors of a thread do with one input, for whoever looks inside: the same from both drivers. */
import type { AnyMachineSnapshot, InspectionEvent } from 'xstate';
import type { ActorId, Charts } from './charts.ts';
import { Stepper } from './step.ts';

const ACTORS = ['root', 'connection', 'turn'] as const;

/** An event that one of the actors has taken; in the order in which they took them. */
export interface TakenEvent {
  readonly actor: ActorId;
  /** Such as `turn.submit`, or `$started` from another of the three. */
  readonly event: string;
}

/** Where an actor stood before the input and after it. */
export interface StateChange {
  readonly actor: ActorId;
  /** `null`: it was not there, or had ended. */
  readonly from: unknown;
  readonly to: unknown;
}

/** What has changed from one input to the next. */
export function changesOf(before: Charts | null, after: Charts): StateChange[] {
  return ACTORS.flatMap((actor) => {
    const [was, is] = [before?.[actor], after[actor]];
    // another actor of the same name has begun anew
    const isSame = was?.value === is?.value || JSON.stringify(was?.value) === JSON.stringify(is?.value);
    return isSame ? [] : [{ actor, from: valueOf(was), to: valueOf(is) }];
  });
}

const valueOf = (snapshot: AnyMachineSnapshot | undefined): unknown => snapshot?.value ?? null;

/** The pure driver, telling of each event that an actor takes. */
export function observedStepper(onTaken: (taken: TakenEvent) => void): Stepper {
  return new Stepper('thread', (plain) => (actor, snapshot, event) => {
    onTaken({ actor, event: event.type });
    return plain(actor, snapshot, event);
  });
}

/** The children have fixed names. */
const actorOf = (ref: object): ActorId =>
  'id' in ref && (ref.id === 'connection' || ref.id === 'turn') ? ref.id : 'root';

/** From what XState says of a running system to the events that its actors take, in the order in which they do. */
export function takenOf(onTaken: (taken: TakenEvent) => void): (seen: InspectionEvent) => void {
  // an event leads to microsteps, then to a snapshot; another actor may take one in between
  const busy = new Set<ActorId>();
  return (seen) => {
    const actor = actorOf(seen.actorRef);
    if (seen.type === '@xstate.actor') busy.delete(actor);
    if (seen.type !== '@xstate.microstep' && seen.type !== '@xstate.snapshot') return;
    const event = seen.event.type;
    if (!busy.has(actor) && event !== 'xstate.init') onTaken({ actor, event });
    if (seen.type === '@xstate.microstep') busy.add(actor);
    else busy.delete(actor);
  };
}
