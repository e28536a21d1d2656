/** Inputs about sub-agents: in the thread that begins one, and in the thread that is one. */
import { itemIdSchema, threadIdSchema } from '../../machines/domain/ids.ts';
import type { ThreadInput, ThreadInputOf } from '../../machines/domain/input.ts';
import { CAPABILITIES, SETTINGS, link, lineageOf, startOf, turnOf, type Start } from './inputs.ts';

/** Of a sub-agent of another thread. */
export const SUBAGENT = lineageOf({
  kind: 'subagent',
  parentId: threadIdSchema.parse('t0'),
  turnOrdinal: 0,
  itemOrdinal: 0,
  version: 0,
});

export const startAsSubagent = (...start: Parameters<typeof startOf>): Start => ({
  ...startOf(...start),
  lineage: SUBAGENT,
});

type Adopted = ThreadInputOf<'connection.adopted'>;

/** By a connection whose number is the thread's own, for what is said of it afterwards. */
export const adopted = (number = 1, more: Partial<Adopted> = {}): ThreadInput => ({
  type: 'connection.adopted',
  connectionId: link(number),
  nativeThreadId: 'native-child',
  capabilities: CAPABILITIES,
  model: null,
  instanceId: SETTINGS.instanceId,
  ...more,
});

export const CHILD = threadIdSchema.parse('child');

/** The child's connection is the first of its thread. */
export const agentStarted = (
  name: string | null,
  on = 1,
  more: Partial<ThreadInputOf<'provider.agentStarted'>> = {},
): ThreadInput => ({
  type: 'provider.agentStarted',
  connectionId: link(on),
  turnId: name === null ? null : turnOf(name),
  attempt: name === null ? 0 : 1,
  nativeTurnId: null,
  itemId: itemIdSchema.parse('agent'),
  title: 'look around',
  child: {
    threadId: CHILD,
    connectionId: link(90),
    nativeThreadId: 'native-child',
    capabilities: CAPABILITIES,
    model: null,
  },
  ...more,
});
