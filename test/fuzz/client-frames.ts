/** Texts that a client may send, right ones and wrong ones, and whether each has to be answered. */
import { METHODS } from '../../server/gateway/protocol.ts';
import type { Random } from '../helpers/random.ts';
import { garbled, mutated, strange } from './mutate.ts';

/** Threads that the run has made, and some that there are not. */
export const KNOWN_THREADS = ['t1', 't2', 't3'] as const;
const THREADS = [...KNOWN_THREADS, 'nobody', 'deleted'];
const METHOD_NAMES = Object.keys(METHODS);

const DELIVERY = ['streaming', 'buffered'];
const WORDS = [
  'one',
  'ask',
  'wait',
  'fail',
  'open',
  'question',
  'lose',
  'die',
  'refuse',
  'long',
  'late',
  'unanswered',
];

const COMMANDS: Readonly<Record<string, (random: Random) => object>> = {
  'thread.create': () => ({ cwd: '/work', instanceId: 'scripted' }),
  'thread.archive': () => ({}),
  'thread.unarchive': () => ({}),
  'thread.stop': () => ({}),
  'thread.delete': () => ({}),
  'thread.setTitle': () => ({ title: 'a title' }),
  'thread.setModel': () => ({ model: 'm', options: { effort: 'high' } }),
  'thread.setRuntimeMode': () => ({ runtimeMode: 'auto', policy: {} }),
  'thread.setInteractionMode': () => ({ interactionMode: 'plan' }),
  'thread.setDeliveryMode': (random) => ({ deliveryMode: random.pick(DELIVERY) }),
  'turn.submit': (random) => ({
    text: `${random.pick(WORDS)} ${random.pick(WORDS)}`,
    mode: random.pick(['start', 'queue', 'steer', 'restart']),
  }),
  'turn.interrupt': () => ({}),
  'turn.retry': () => ({}),
  'queue.edit': () => ({ queueEntryId: 'q', text: 'x' }),
  'queue.reorder': () => ({ queueEntryId: 'q', before: null }),
  'queue.cancel': () => ({ queueEntryId: 'q' }),
  'queue.promote': () => ({ queueEntryId: 'q' }),
  'queue.resume': () => ({}),
  'request.respond': () => ({ requestId: 'r', decision: 'accept' }),
  'request.askAgain': () => ({ requestId: 'r' }),
  'thread.fork': () => ({}),
  'thread.mergeBack': () => ({}),
  'thread.switchProvider': () => ({ instanceId: 'scripted' }),
  'checkpoint.rollback': () => ({ turnId: null }),
  'turn.edit': () => ({ text: 'one' }),
  'task.delegate': () => ({ text: 'one' }),
  'task.acknowledge': () => ({ taskIds: ['t'] }),
};
const COMMAND_NAMES = Object.keys(COMMANDS);

function commandOf(random: Random): object {
  // tried too, but seldom: a deleted thread takes nothing any more
  const type = random.chance(0.98) ? random.pick(COMMAND_NAMES) : 'thread.delete';
  const isDelete = type === 'thread.delete';
  const threadId = isDelete ? 'deleted' : random.pick(THREADS);
  return { type, threadId, ...COMMANDS[type]?.(random) };
}

function paramsOf(method: string, random: Random): object {
  const threadId = random.pick(THREADS);
  const subscriptionId = `s${random.below(300)}`;
  const params: Record<string, object> = {
    'orchestration.dispatchCommand': { commandId: `c${random.below(1_000_000)}`, command: commandOf(random) },
    'orchestration.listThreads': { limit: 1 + random.below(200), query: 'a' },
    'orchestration.getThreadProjection': { threadId, limit: 5 },
    'orchestration.getItem': { threadId, itemId: 'i', offset: random.below(9) },
    'orchestration.subscribeShell': { afterSequence: random.below(2_000), epoch: 'e1' },
    'orchestration.subscribeThread': { threadId, deltas: random.chance(0.5) },
    'orchestration.unsubscribe': { subscriptionId },
    'orchestration.acknowledge': { subscriptionId, sequence: random.below(10_000) },
    'orchestration.getThreadStateAt': { threadId, sequence: random.below(200), limit: 5 },
    'orchestration.getTurnDiff': { threadId, turnId: 't' },
    'orchestration.getThreadDiff': { threadId },
    'orchestration.getRollbackPlan': { threadId, turnId: null },
    'inspection.subscribeThread': { threadId },
    'inspection.readEntries': { threadId, after: random.below(50), limit: 20 },
    'orchestration.readEvents': { threadId, after: random.below(50), limit: 20 },
  };
  return params[method] ?? {};
}

function requestOf(random: Random): object {
  const method = random.pick(METHOD_NAMES);
  return { jsonrpc: '2.0', id: random.below(1_000_000), method, params: paramsOf(method, random) };
}

const json = (value: unknown): string => JSON.stringify(value) ?? 'undefined';

const KINDS = {
  right: (_, right) => json(right),
  wrong: (random, right) => json(mutated(right, random)),
  garbled: (random, right) => garbled(json(right), random),
  batch: (random, right) => json(Array.from({ length: random.below(5) }, () => right)),
  deep: (random) => `${'[{"a":'.repeat(random.below(random.chance(0.05) ? 3_000 : 100))}1`,
  value: (random) => json(strange(random)),
  method: (random, right) => json({ ...right, method: String(strange(random)) }),
  large: (random, right) => {
    const text = 'z'.repeat(random.below(random.chance(0.02) ? 1_000_000 : 5_000));
    return json({ ...right, params: { text } });
  },
} satisfies Record<string, (random: Random, right: object) => string>;

/** One message of a client. Right ones always ask for an answer. */
export function clientText(random: Random): string {
  const weights = { right: 8, wrong: 55, garbled: 20, batch: 3, deep: 3, value: 5, method: 4, large: 1 };
  return KINDS[random.weighted(weights)](random, requestOf(random));
}

/** Every message but a notification is answered, once; what is no request at all is told so. */
export function isAnswered(text: string, mostDepth: number): boolean {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return true;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return true;
  const { jsonrpc, method, ...rest } = value as Record<string, unknown>;
  const isRequest = jsonrpc === '2.0' && typeof method === 'string' && method.length <= 128;
  const isPlain = Object.keys(rest).every((key) => key === 'params');
  return !(isRequest && isPlain && depthOf(value) <= mostDepth);
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
