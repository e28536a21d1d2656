/** Dialogs before something that cannot be taken back, or that needs a word more. */
import { useSignal } from '@preact/signals';
import { goTo } from '../state/route.ts';
import { titleOf } from '../shell/thread-tree.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import type { ThreadCommand } from '../state/thread-store.ts';
import type { ChatProps } from './chat.tsx';
import { EditDialog } from './edit-dialog.tsx';
import { RollbackDialog } from './rollback-dialog.tsx';

export function Asked(props: ChatProps) {
  const { moment, actions } = props;
  const asking = actions.asking.value;
  const close = (): void => actions.ask(null);
  const run = async (command: ThreadCommand): Promise<void> => {
    close();
    if ((await actions.run(command)) && command.type === 'thread.delete') goTo('#/');
  };
  if (asking === null) return null;
  switch (asking.kind) {
    case 'rename':
      return (
        <RenameDialog
          title={moment.thread.title}
          onClose={close}
          onTitle={(title) => void run({ type: 'thread.setTitle', title })}
        />
      );
    case 'edit':
      return <EditDialog actions={actions} item={asking.item} />;
    case 'delete':
      return (
        <Dialog title="Delete this thread?" onClose={close}>
          <p>{titleOf(moment.thread)}: its agent is stopped, and its id is never used again.</p>
          <div class="row">
            <Button look="danger" onClick={() => void run({ type: 'thread.delete' })}>
              Delete
            </Button>
            <Button onClick={close}>Keep</Button>
          </div>
        </Dialog>
      );
    case 'switch':
      return <SwitchDialog {...props} />;
    case 'rollback':
      return <RollbackDialog actions={actions} turnId={asking.turnId} onClose={close} />;
    default:
      return null;
  }
}

interface RenameDialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly onTitle: (title: string) => void;
}

function RenameDialog({ title, onClose, onTitle }: RenameDialogProps) {
  const text = useSignal(title);
  return (
    <Dialog title="Rename" onClose={onClose}>
      <form
        class="row grow"
        onSubmit={(event) => {
          event.preventDefault();
          onTitle(text.value.trim());
        }}
      >
        <input
          aria-label="Title"
          maxLength={200}
          value={text.value}
          onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        />
        <Button look="primary" type="submit" disabled={text.value.trim() === ''}>
          Rename
        </Button>
      </form>
    </Dialog>
  );
}

function SwitchDialog({ store, moment, actions }: ChatProps) {
  const others = [...store.instances.value.values()].filter(
    ({ instanceId }) => instanceId !== moment.thread.instanceId,
  );
  const close = (): void => actions.ask(null);
  return (
    <Dialog title="Switch agent" onClose={close}>
      <p class="muted">The other agent is told what has been said.</p>
      <ul class="choices">
        {others.map(({ instanceId, driver, available, reason }) => (
          <li key={instanceId}>
            <Button
              disabled={!available}
              title={reason}
              onClick={() => {
                close();
                void actions.run({ type: 'thread.switchProvider', instanceId });
              }}
            >
              {instanceId} <span class="muted">{driver}</span>
            </Button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
