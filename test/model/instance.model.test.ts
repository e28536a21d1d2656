/** The chart of an instance by itself, with two threads: what it is told and when timers fire is up to others. */
import type { AnyEventObject, AnyMachineSnapshot } from 'xstate';
import type { InstanceContext } from '../../machines/domain/context.ts';
import { connectionIdOf, threadIdSchema } from '../../machines/domain/ids.ts';
import type { InstanceWork } from '../../machines/domain/instance.ts';
import { instanceMachine } from '../../machines/instance.machine.ts';
import { CAPABILITIES, cause, SETTINGS, turnOf } from '../helpers/inputs.ts';
import { describeAlone } from './alone-suite.ts';
import { Alone } from './alone.ts';

const START = { instanceId: SETTINGS.instanceId, driver: 'fake', capabilities: CAPABILITIES };
const THREADS = ['t1', 't2'].map((id) => threadIdSchema.parse(id));
const FIRED = { timer: 'x', armedBy: 0 };
type ThreadId = (typeof THREADS)[number];

const open = (threadId: ThreadId, resume: string | null): InstanceWork => ({
  type: 'connection.open',
  threadId,
  connectionId: connectionIdOf(threadId, 1),
  resume,
  settings: SETTINGS,
});
const lookUp = (threadId: ThreadId): InstanceWork => ({
  type: 'turn.lookUp',
  threadId,
  turnId: turnOf('a'),
  attempt: 1,
  nativeThreadId: null,
  clientMessageId: 'a.1',
});

const EVENTS: readonly AnyEventObject[] = [
  ...THREADS.flatMap((threadId) => [
    { type: 'instance.workDone', threadId, connectionId: connectionIdOf(threadId, 1) },
    { type: 'instance.workDone', threadId, connectionId: null },
    { type: 'instance.release', threadId, connectionId: connectionIdOf(threadId, 1) },
  ]),
  { type: 'process.started', report: {} },
  { type: 'process.failed', failure: cause('PROVIDER_UNREACHABLE') },
  { type: 'process.failed', failure: cause('PROVIDER_UNAUTHORIZED') },
  { type: 'process.exited', failure: cause('CONNECTION_LOST') },
  { type: 'process.stopped' },
  { type: 'instance.reported', report: { version: '1' } },
  { type: 'instance.startTimedOut', ...FIRED },
  { type: 'instance.backoffEnded', ...FIRED },
  { type: 'instance.idledOut', ...FIRED },
  { type: 'instance.drainTimedOut', ...FIRED },
  { type: 'runtime.recovered' },
];

const contextOf = ({ context }: AnyMachineSnapshot) => context as InstanceContext;

/** Each thread asks once at a time. */
function eventsIn(snapshot: AnyMachineSnapshot): AnyEventObject[] {
  const { waiting, sessions } = contextOf(snapshot);
  const busy = [...waiting, ...sessions].map(({ threadId }) => threadId);
  const free = THREADS.filter((id) => !busy.includes(id));
  const works = free.flatMap((id) => [open(id, null), open(id, 'native'), lookUp(id)]);
  return [...EVENTS, ...works.map((work) => ({ type: 'instance.acquire', work }))];
}

/** How often a start has failed makes the next one wait longer, and nothing else. */
function keyOf(snapshot: AnyMachineSnapshot): string {
  const { waiting, sessions, resuming } = contextOf(snapshot);
  return JSON.stringify([snapshot.value, waiting, sessions, resuming]);
}

describeAlone('instance', [new Alone({ machine: instanceMachine, starts: [START], eventsIn, keyOf })], {
  stateCount: 168,
  edgeCount: 1_957,
  arrowCount: 24,
});
