/** The inside of a thread: its charts, its journal, its past. Fetched when it is first looked at. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Client } from '../../client/client.ts';
import { momentOfSnapshot } from '../state/moment.ts';
import { MomentView } from '../thread/moment-view.tsx';
import { FailureNote } from '../ui/failure-note.tsx';
import { ActorTree, valueOf } from './actor-tree.tsx';
import { ChartView, type Actor } from './chart-view.tsx';
import { ContextDiff } from './context-diff.tsx';
import './inspect.css';
import { InspectStore } from './inspect-store.ts';
import { JournalTable } from './journal-table.tsx';
import { SequenceView } from './sequence-view.tsx';
import { TimelineBar } from './timeline-bar.tsx';

export interface InspectPanelProps {
  readonly threadId: string;
  readonly client: Client;
  /** What stands behind `?` in `#/thread/<id>/inspect?at=12`. */
  readonly query: URLSearchParams;
}

const VIEWS = {
  journal: 'Journal',
  sequence: 'Sequence',
  context: 'Context',
  thread: 'Thread then',
} as const;
type View = keyof typeof VIEWS;
const VIEW_NAMES = ['journal', 'sequence', 'context', 'thread'] as const;

export function InspectPanel({ threadId, client, query }: InspectPanelProps) {
  const at = Number(query.get('at')) || null;
  const store = useMemo(() => new InspectStore(client, threadId, at), [client, threadId]);
  const actor = useSignal<Actor>('root');
  const view = useSignal<View>('journal');
  useEffect(() => () => store.close(), [store]);
  useEffect(() => {
    if (at !== null && at !== store.version.value) store.choose(at);
  }, [store, at]);
  const past = store.past.value;
  const failure = store.failure.value;
  return (
    <div class="inspect">
      <TimelineBar store={store} />
      {failure !== null && <FailureNote failure={failure} onDismiss={() => (store.failure.value = null)} />}
      {past?.unsure !== undefined && <FailureNote failure={past.unsure.failure} />}
      {past !== null && (
        <div class="inspect-parts">
          <div class="inspect-charts">
            <ActorTree past={past} chosen={actor.value} onChoose={(each) => (actor.value = each)} />
            <ChartView actor={actor.value} value={valueOf(past, actor.value)} entry={store.entry.value} />
          </div>
          <div class="inspect-views">
            <div class="row" role="group" aria-label="What is shown">
              {VIEW_NAMES.map((name) => (
                <button
                  key={name}
                  type="button"
                  class="button quiet"
                  aria-pressed={view.value === name}
                  onClick={() => (view.value = name)}
                >
                  {VIEWS[name]}
                </button>
              ))}
            </div>
            {view.value === 'journal' && <JournalTable store={store} />}
            {view.value === 'sequence' && <SequenceView store={store} />}
            {view.value === 'context' && <ContextDiff store={store} />}
            {view.value === 'thread' && <MomentView moment={momentOfSnapshot(past.snapshot, past.version)} />}
          </div>
        </div>
      )}
    </div>
  );
}
