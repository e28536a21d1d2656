/** What a client may ask at random, often of what is there and sometimes of what is not. */
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { Random } from '../helpers/random.ts';

const WORDS =
  'hi hello hi hi long open wait ask ask2 question silent late fail lose die refuse unanswered accept-only absorb'.split(
    ' ',
  );

/** Of the scripted provider. */
export const INSTANCES = ['scripted', 'other'];

const WEIGHTS = {
  'turn.submit': 50,
  'turn.interrupt': 8,
  'turn.retry': 4,
  'thread.compact': 3,
  'request.respond': 12,
  'request.askAgain': 2,
  'queue.resume': 8,
  'queue.cancel': 2,
  'queue.edit': 1,
  'queue.reorder': 1,
  'queue.promote': 3,
  'thread.stop': 4,
  'thread.switchProvider': 3,
  'thread.setTitle': 2,
  'thread.setModel': 1,
  'thread.archive': 1,
  'thread.unarchive': 2,
  'thread.delete': 0.1,
  'thread.fork': 1,
  'thread.mergeBack': 2,
  'task.delegate': 2,
  'task.acknowledge': 0.5,
};
type CommandType = keyof typeof WEIGHTS;

interface Of {
  readonly random: Random;
  readonly threadId: ThreadId;
  readonly journal: Journal;
}

const PAYLOADS: Readonly<Partial<Record<CommandType, (of: Of) => Record<string, unknown>>>> = {
  'turn.submit': ({ random }) => ({
    text: Array.from({ length: 1 + random.below(3) }, () => random.pick(WORDS)).join(' '),
    mode: random.pick(['start', 'queue', 'queue', 'steer', 'restart']),
  }),
  'request.respond': ({ random, journal, threadId }) => {
    const requests = journal.openRequests(threadId);
    if (requests.length === 0) return { requestId: 'none', decision: 'accept' };
    const { requestId, body } = random.pick(requests);
    const decision = random.pick(['accept', 'acceptForSession', 'decline', 'cancel']);
    return { requestId, ...(body.kind === 'question' ? { answers: { q1: ['red'] } } : { decision }) };
  },
  'request.askAgain': ({ journal, threadId }) => ({
    requestId: journal.openRequests(threadId)[0]?.requestId ?? 'none',
  }),
  'queue.edit': (of) => ({ queueEntryId: entryOf(of), text: 'edited' }),
  'queue.reorder': (of) => ({ queueEntryId: entryOf(of), before: null }),
  'queue.cancel': (of) => ({ queueEntryId: entryOf(of) }),
  'queue.promote': (of) => ({ queueEntryId: entryOf(of) }),
  'thread.switchProvider': ({ random }) => ({ instanceId: random.pick(INSTANCES) }),
  'thread.setTitle': ({ random }) => ({ title: `title ${random.below(100)}` }),
  'thread.setModel': ({ random }) => ({ model: `model-${random.below(3)}` }),
  'task.delegate': ({ random }) => ({ text: random.pick(WORDS) }),
  'task.acknowledge': () => ({ taskIds: ['none'] }),
};

function entryOf({ random, journal, threadId }: Of): string {
  const entries = journal.threadState(threadId)?.queue.entries ?? [];
  return entries.length === 0 ? 'none' : random.pick(entries).turnId;
}

export function randomCommand(of: Of): Record<string, unknown> {
  const type = of.random.weighted(WEIGHTS);
  return { type, threadId: of.threadId, ...PAYLOADS[type]?.(of) };
}
