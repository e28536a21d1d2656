/** Dialogs before something that cannot be taken back, or that needs a word more. */
import { useSignal } from '@preact/signals';
import { goTo } from '../state/route.ts';
import { titleOf } from '../shell/thread-tree.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import type { ThreadCommand } from '../state/thread-store.ts';
import type { ChatProps } from './chat.tsx';
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
        <TextDialog
          title="Rename"
          label="Title"
          text={moment.thread.title}
          verb="Rename"
          onClose={close}
          onText={(title) => void run({ type: 'thread.setTitle', title })}
        />
      );
    case 'edit':
      return (
        <TextDialog
          title="Edit and run again"
          label="Prompt"
          text={asking.item.text}
          verb="Run"
          onClose={close}
          onText={(text) => void run({ type: 'turn.edit', text })}
        />
      );
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

interface TextDialogProps {
  readonly title: string;
  readonly label: string;
  readonly text: string;
  readonly verb: string;
  readonly onClose: () => void;
  readonly onText: (text: string) => void;
}

function TextDialog({ title, label, text: given, verb, onClose, onText }: TextDialogProps) {
  const text = useSignal(given);
  return (
    <Dialog title={title} onClose={onClose}>
      <textarea
        aria-label={label}
        rows={label === 'Title' ? 1 : 8}
        value={text.value}
        onInput={({ currentTarget }) => (text.value = currentTarget.value)}
      />
      <div class="row">
        <Button look="primary" disabled={text.value.trim() === ''} onClick={() => onText(text.value.trim())}>
          {verb}
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
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
