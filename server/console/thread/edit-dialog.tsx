/** The latest prompt in other words: what came of it is taken back, the files too where they were captured. */
import { useSignal } from '@preact/signals';
import { failureOf, type Failure } from '../../../machines/domain/error.ts';
import type { WireItem } from '../../gateway/frame.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { FailureNote } from '../ui/failure-note.tsx';
import type { ThreadActions } from './actions.ts';

interface EditDialogProps {
  readonly actions: ThreadActions;
  readonly item: WireItem;
}

export function EditDialog({ actions, item }: EditDialogProps) {
  const text = useSignal(item.text);
  const files = useSignal(true);
  const failure = useSignal<Failure | null>(null);
  const close = (): void => actions.ask(null);
  const run = async (): Promise<void> => {
    try {
      await actions.store.dispatch({ type: 'turn.edit', text: text.value.trim(), files: files.value });
      close();
    } catch (error) {
      failure.value = failureOf(error);
      // a person decides to go on without
      if (failure.value.code === 'CHECKPOINT_MISSING') files.value = false;
    }
  };
  return (
    <Dialog title="Edit and run again" onClose={close}>
      <textarea
        aria-label="Prompt"
        rows={8}
        value={text.value}
        onInput={({ currentTarget }) => (text.value = currentTarget.value)}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={files.value}
          onChange={({ currentTarget }) => (files.value = currentTarget.checked)}
        />
        Put its files back as they were
      </label>
      {failure.value !== null && <FailureNote failure={failure.value} />}
      <div class="row">
        <Button look="primary" disabled={text.value.trim() === ''} onClick={() => void run()}>
          Run
        </Button>
        <Button onClick={close}>Cancel</Button>
      </div>
    </Dialog>
  );
}
