/** Stores with many threads or long ones, written without a server, as a server would have written them. */
import { RESUME } from '../../machines/domain/opening.ts';
import { nanoid } from 'nanoid';
import { openJournal } from '../../adapters/sqlite/index.ts';
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import { threadIdSchema, type ThreadId } from '../../machines/domain/ids.ts';
import type { Settings } from '../../machines/domain/settings.ts';
import { LiveCharts } from '../../machines/live.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import { LoadedThread } from '../../server/runtime/loaded-thread.ts';
import { ThreadProjection } from '../../server/runtime/projection.ts';
import { CAPABILITIES, instanceId, itemOf, rowsOf, tickOf } from '../helpers/journal-samples.ts';

const PER_COMMIT = 500;

export const openStore = (folder: string): Journal =>
  openJournal({ folder, now: () => Date.now(), makeEpoch: () => nanoid(12) });

const settingsOf = (title: string): Settings => ({
  title,
  cwd: '/home/someone/work/project',
  instanceId: instanceId('codex'),
  model: null,
  options: {},
  runtimeMode: 'approval-required',
  policy: {},
  interactionMode: 'default',
  deliveryMode: 'streaming',
});

/** Threads that were created and left alone. */
export function storeThreads(journal: Journal, count: number): ThreadId[] {
  const ids = Array.from({ length: count }, (_, index) => threadIdSchema.parse(`stored-${index}`));
  for (let first = 0; first < count; first += PER_COMMIT) {
    const threads = ids.slice(first, first + PER_COMMIT).map((id, index) => newThread(journal, id, index));
    journal.commit(
      tickOf({
        entries: threads.map(({ entry }) => entry),
        threads: threads.flatMap(({ thread }) => thread.projection.changes() ?? []),
      }),
    );
    for (const { thread } of threads) thread.actor.stop();
  }
  return ids;
}

/** Adds rows of items to a thread; its entries do not tell of them. */
export function storeItems(journal: Journal, threadId: ThreadId, count: number): void {
  const text = 'a paragraph of an answer, of middling length. '.repeat(6);
  for (let first = 1; first <= count; first += PER_COMMIT) {
    const items = Array.from({ length: PER_COMMIT }, (_, index) =>
      itemOf(`item-${first + index}`, first + index, { text }),
    );
    journal.commit(tickOf({ threads: [rowsOf(threadId, { items })] }));
  }
}

function newThread(journal: Journal, threadId: ThreadId, index: number) {
  const title = `Thread ${threadId}: why does the build fail on a clean checkout?`;
  const input = {
    type: 'thread.create' as const,
    threadId,
    settings: settingsOf(title),
    capabilities: CAPABILITIES,
    lineage: null,
    opening: RESUME,
  };
  const actor = new LiveCharts('thread', { input });
  const projection = new ThreadProjection(threadId, journal);
  const thread = new LoadedThread({ threadId, actor, projection, version: 0, timers: {} });
  const entry: ThreadEntry = {
    sequence: journal.lastSequence() + index + 1,
    version: 1,
    at: Date.now(),
    machineHash: 'bench',
    outcome: 'applied',
    commandId: null,
    kind: 'input',
    stream: threadId,
    input,
    facts: actor.started.facts.filter((fact) => !fact.type.startsWith('instance.')) as ThreadEntry['facts'],
  };
  thread.fold(entry, actor.started.timers);
  return { thread, entry };
}
