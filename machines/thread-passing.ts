/** What a thread only passes on to a child, which decides what becomes of it. */
import { by } from './act.ts';

const toConnection = { actions: by('toConnection') };
const ofConnection = { guard: by('isOfConnection'), actions: by('toConnection') };
const toTurn = { guard: by('isActive'), actions: by('toTurn') };
const ofTurn = { guard: by('isOfTurn'), actions: by('toTurn') };

export const PASSED_TO_CONNECTION = {
  'connection.openFailed': toConnection,
  'connection.openTimedOut': toConnection,
  'connection.closed': toConnection,
  'connection.closeFailed': toConnection,
  'connection.closeTimedOut': toConnection,
  'connection.lost': toConnection,
  'provider.requestOpened': ofConnection,
  'provider.requestResolved': ofConnection,
  'provider.requestUndeliverable': ofConnection,
  'request.deliveryTimedOut': ofConnection,
  'request.respond': ofConnection,
};

export const PASSED_TO_TURN = {
  'provider.turnRefused': toTurn,
  'provider.turnAbsorbed': toTurn,
  'provider.interruptRefused': toTurn,
  'provider.steerAccepted': toTurn,
  'provider.steerRefused': toTurn,
  'turn.settled': toTurn,
  'turn.startTimedOut': toTurn,
  'turn.stalled': toTurn,
  'interrupt.timedOut': toTurn,
  'steer.timedOut': toTurn,
  'settle.timedOut': toTurn,
  'lookUp.timedOut': toTurn,
  'provider.requestOpened': ofTurn,
  'provider.requestResolved': ofTurn,
  'provider.requestUndeliverable': ofTurn,
  'request.deliveryTimedOut': ofTurn,
  'request.respond': ofTurn,
};
