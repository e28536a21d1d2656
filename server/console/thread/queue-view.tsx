/** Prompts that wait, in their order, and why they do. */
import { useSignal, type Signal } from '@preact/signals';
import type { HoldReason, QueueEntry } from '../../../machines/domain/turn.ts';
import type { Moment } from '../state/moment.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { plural } from '../ui/times.ts';
import type { ThreadActions } from './actions.ts';

interface QueueViewProps {
  readonly moment: Moment;
  /** `null`: it is only looked at. */
  readonly actions: ThreadActions | null;
}

const REASONS: Record<HoldReason, string> = {
  interrupted: 'the turn was interrupted',
  failed: 'the turn failed',
  absorbed: 'the agent put the prompt into another turn',
  unknown: 'it is not known how the turn ended',
  stopped: 'the thread was stopped',
  archived: 'the thread was archived',
  restarted: 'the server was started again',
  refused: 'the agent refused a prompt',
  background: 'work goes on in the background',
};

export function QueueView({ moment: { queue }, actions }: QueueViewProps) {
  const { entries, status, reason } = queue;
  if (entries.length === 0) return null;
  return (
    <section class="queue" aria-label="Queue">
      <header class="queue-head">
        <strong>{plural(entries.length, 'queued prompt')}</strong>
        {status === 'held' && (
          <span class="muted"> held: {reason === null ? 'by you' : REASONS[reason]}</span>
        )}
        {actions !== null && actions.can('queue.resume') && (
          <Button onClick={() => void actions.run({ type: 'queue.resume' })}>Go on</Button>
        )}
      </header>
      <ol>
        {entries.map((entry, index) => (
          <Entry
            key={entry.turnId}
            entry={entry}
            actions={actions}
            above={entries[index - 1]}
            below={entries[index + 2]}
            isLast={index === entries.length - 1}
          />
        ))}
      </ol>
    </section>
  );
}

interface EntryProps {
  readonly entry: QueueEntry;
  readonly actions: ThreadActions | null;
  readonly above: QueueEntry | undefined;
  /** After the next one. */
  readonly below: QueueEntry | undefined;
  readonly isLast: boolean;
}

function Entry(props: EntryProps) {
  const { entry, actions } = props;
  const draft = useSignal<string | null>(null);
  if (draft.value !== null && actions !== null) {
    return <EditedEntry entry={entry} actions={actions} draft={draft} />;
  }
  return (
    <li class="queue-entry">
      <span class="queue-text">{entry.text}</span>
      {entry.failure !== null && <span class="muted"> {entry.failure.code}</span>}
      {actions !== null && (
        <EntryActions {...props} actions={actions} onEdit={() => (draft.value = entry.text)} />
      )}
    </li>
  );
}

interface EditedEntryProps {
  readonly entry: QueueEntry;
  readonly actions: ThreadActions;
  readonly draft: Signal<string | null>;
}

function EditedEntry({ entry: { turnId: queueEntryId }, actions, draft }: EditedEntryProps) {
  const save = async (): Promise<void> => {
    const text = draft.value ?? '';
    if (await actions.run({ type: 'queue.edit', queueEntryId, text })) draft.value = null;
  };
  return (
    <li class="queue-entry">
      <textarea
        aria-label="Queued prompt"
        value={draft.value ?? ''}
        onInput={({ currentTarget }) => (draft.value = currentTarget.value)}
      />
      <Button look="primary" onClick={() => void save()}>
        Save
      </Button>
      <Button onClick={() => (draft.value = null)}>Cancel</Button>
    </li>
  );
}

interface EntryActionsProps extends EntryProps {
  readonly actions: ThreadActions;
  readonly onEdit: () => void;
}

function EntryActions({ entry, actions, above, below, isLast, onEdit }: EntryActionsProps) {
  const queueEntryId = entry.turnId;
  const move = (before: QueueEntry['turnId'] | null): void =>
    void actions.run({ type: 'queue.reorder', queueEntryId, before });
  const run = (type: 'queue.promote' | 'queue.cancel'): void => void actions.run({ type, queueEntryId });
  return (
    <span class="entry-actions">
      {actions.can('queue.promote') && (
        <IconButton icon="bolt" label="Steer with it now" onClick={() => run('queue.promote')} />
      )}
      {above !== undefined && <IconButton icon="up" label="Earlier" onClick={() => move(above.turnId)} />}
      {!isLast && <IconButton icon="down" label="Later" onClick={() => move(below?.turnId ?? null)} />}
      <IconButton icon="edit" label="Edit" onClick={onEdit} />
      <IconButton icon="close" label="Remove" onClick={() => run('queue.cancel')} />
    </span>
  );
}
