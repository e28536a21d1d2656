/** A quarantined thread can be deleted: charts that stand in for those that cannot be stepped. */
import type { ThreadId } from '../../machines/domain/ids.ts';
import { LiveCharts } from '../../machines/live.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import { LoadedThread } from './loaded-thread.ts';
import { ThreadProjection } from './projection.ts';

const NO_CAPABILITIES = {
  interrupt: false,
  nativeSteer: false,
  images: false,
  planMode: false,
  resume: false,
  compact: false,
};

/** In the state of a new thread, to be sent `thread.delete`. `null`: the row of the thread is not there either. */
export function standIn(journal: Journal, threadId: ThreadId): LoadedThread | null {
  const projection = new ThreadProjection(threadId, journal);
  if (projection.state === null) return null;
  const { settings } = projection.state;
  const actor = new LiveCharts('thread', { input: { threadId, settings, capabilities: NO_CAPABILITIES } });
  const version = journal.threadVersion(threadId);
  return new LoadedThread({ threadId, actor, projection, version, timers: {} });
}

/** A deleted thread takes nothing in any more; how its journal would be stepped is of no interest. */
export function tombstone(journal: Journal, threadId: ThreadId): LoadedThread | null {
  const thread = standIn(journal, threadId);
  thread?.actor.send({ type: 'thread.delete' });
  return thread;
}
