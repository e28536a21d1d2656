/** The chart of a connection by itself: the thread, the provider, the person and the clock say anything at any time. */
import type { AnyEventObject } from 'xstate';
import { connectionMachine } from '../../machines/connection.machine.ts';
import { itemIdSchema } from '../../machines/domain/ids.ts';
import * as make from '../helpers/inputs.ts';
import { describeAlone } from './alone-suite.ts';
import { Alone } from './alone.ts';
import { Canon } from './canonical.ts';

const START = {
  threadId: make.THREAD,
  instanceId: make.SETTINGS.instanceId,
  connectionId: make.link(1),
  resume: null,
  fork: null,
  rollback: null,
  settings: make.SETTINGS,
};
const TASK = itemIdSchema.parse('task');
const FIRED = { timer: 'x', armedBy: 0 };
const LIVE = { status: 'open', nativeRequestId: 'n', answer: null } as const;

/** As this connection says it, and as an earlier one does. */
const ofLink = (on: number): readonly AnyEventObject[] => [
  make.opened(on),
  make.openFailed(on),
  make.openFailed(on, 'RESUME_FAILED'),
  make.closed(on),
  make.closeFailed(on),
  make.lost(on),
  make.idled(on),
  make.delayed(on),
  { type: 'connection.openTimedOut', ...FIRED, connectionId: make.link(on) },
  { type: 'connection.closeTimedOut', ...FIRED, connectionId: make.link(on) },
  ...['R0', 'R1'].flatMap((id) => [
    make.asked('T90', id, { owner: 'connection', on }),
    make.asked('T90', id, { owner: 'task', task: TASK, on }),
  ]),
];

const EVENTS: readonly AnyEventObject[] = [
  ...[1, 0].flatMap(ofLink),
  ...[false, true].flatMap((force) =>
    (['stop', 'idle', 'settings', 'archive', 'delete', 'suspect', 'switch'] as const).map((why) => ({
      type: '$close',
      why,
      force,
    })),
  ),
  { type: '$restarted' },
  { type: '$replaced' },
  { type: '$taskEnded', itemId: TASK },
  ...['R0', 'R1'].map((id) => ({ type: '$adopt', requests: { [id]: { ...LIVE, taskId: TASK } } })),
  ...['R0', 'R1', 'R90'].flatMap((id) => [
    make.resolved(id, 'connection'),
    make.undeliverable(id, 'connection'),
    make.respond(id, 'accept', 'connection'),
    { type: 'request.deliveryTimedOut', ...FIRED, requestId: id, owner: 'connection' },
  ]),
];

const canon = new Canon({ carries: true });
const alone = new Alone({
  machine: connectionMachine,
  starts: [START, { ...START, resume: 'native' }, { ...START, isCarried: true }],
  eventsIn: () => EVENTS,
  keyOf: (snapshot) => canon.keyOfOne('connection', snapshot),
});

describeAlone('connection', [alone], { stateCount: 137, edgeCount: 3_140, arrowCount: 27 });
