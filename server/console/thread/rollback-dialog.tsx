/** What going back would do, before it is done. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { failureOf, type Failure } from '../../../machines/domain/error.ts';
import type { TurnId } from '../../../machines/domain/ids.ts';
import type { ResultOf } from '../../gateway/protocol.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { FailureNote } from '../ui/failure-note.tsx';
import { plural } from '../ui/times.ts';
import type { ThreadActions } from './actions.ts';

interface RollbackDialogProps {
  readonly actions: ThreadActions;
  /** The last turn that stays; `null`: none does. */
  readonly turnId: TurnId | null;
  readonly onClose: () => void;
}

type Plan = ResultOf<'orchestration.getRollbackPlan'>;

export function RollbackDialog({ actions, turnId, onClose }: RollbackDialogProps) {
  const plan = useSignal<Plan | null>(null);
  const failure = useSignal<Failure | null>(null);
  const files = useSignal(true);
  const conversation = useSignal(true);
  const { client, threadId } = actions.store;
  useEffect(() => {
    client.call('orchestration.getRollbackPlan', { threadId, turnId }).then(
      (read) => (plan.value = read),
      (error: unknown) => {
        failure.value = failureOf(error);
        // a person decides to go on without
        if (failure.value.code === 'CHECKPOINT_MISSING') files.value = false;
      },
    );
  }, [client, threadId, turnId, plan, failure, files]);
  const run = (): void => {
    onClose();
    const parts = { files: files.value, conversation: conversation.value };
    void actions.run({ type: 'checkpoint.rollback', turnId, ...parts });
  };
  return (
    <Dialog title={turnId === null ? 'Go back to the beginning' : 'Go back to this turn'} onClose={onClose}>
      {failure.value !== null && <FailureNote failure={failure.value} />}
      {plan.value !== null && <PlanView plan={plan.value} />}
      <label class="check">
        <input
          type="checkbox"
          checked={conversation.value}
          onChange={({ currentTarget }) => (conversation.value = currentTarget.checked)}
        />
        Conversation
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={files.value}
          onChange={({ currentTarget }) => (files.value = currentTarget.checked)}
        />
        Files
      </label>
      <div class="row">
        <Button look="danger" disabled={!files.value && !conversation.value} onClick={run}>
          Go back
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </Dialog>
  );
}

function PlanView({
  plan: { turnIds, restore, restoreCount, conflicts, conflictCount },
}: {
  readonly plan: Plan;
}) {
  return (
    <>
      <p>
        {plural(turnIds.length, 'turn')} would go, {plural(restoreCount, 'file')} would be put back.
      </p>
      <ul class="file-list scroll">
        {restore.map(({ path, remains }) => (
          <li key={path}>
            <code>{path}</code> {!remains && <span class="muted">removed</span>}
          </li>
        ))}
      </ul>
      {conflictCount > 0 && (
        <>
          <p>{plural(conflictCount, 'file')} would be left alone, because others changed them:</p>
          <ul class="file-list scroll">
            {conflicts.map(({ path, reason }) => (
              <li key={path}>
                <code>{path}</code> <span class="muted">{reason}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
