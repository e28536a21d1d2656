/** What a thread takes in without moving: most of it is passed on to a child, which decides what becomes of it. */
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

export const OF_SETTINGS = {
  'thread.setTitle': { actions: by('setTitle') },
  'thread.setModel': { actions: by('setModel') },
  'thread.setRuntimeMode': { actions: by('setRuntimeMode') },
  'thread.setInteractionMode': { actions: by('setInteractionMode') },
  'thread.setDeliveryMode': { actions: by('setDeliveryMode') },
};

export const OF_CAPTURES = {
  'checkpoint.captured': { guard: by('isAsked'), actions: by('noteCapture') },
  'checkpoint.missing': { guard: by('isAsked'), actions: by('noteCapture') },
  'checkpoint.failed': { guard: by('isAsked'), actions: by('noteCapture') },
  'checkpoint.timedOut': { guard: 'hasCaptures', actions: 'giveUpCaptures' } as const,
};

export const OF_TASKS = {
  'task.ended': { guard: by('isUnderWay'), actions: by('noteTaskEnd') },
  'task.acknowledge': { actions: by('acknowledge') },
};
