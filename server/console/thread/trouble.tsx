/** Why the thread does not go on by itself: its last error, or an agent that is out of service. */
import type { Moment } from '../state/moment.ts';
import { Button } from '../ui/button.tsx';
import { FailureNote } from '../ui/failure-note.tsx';
import type { ThreadActions } from './actions.ts';

interface TroubleProps {
  readonly moment: Moment;
  readonly actions: ThreadActions;
}

export function Trouble({ moment: { thread, machine, latest }, actions }: TroubleProps) {
  const { lastError, activeTurnId } = thread;
  const { barred } = machine;
  if (barred !== undefined) return <FailureNote failure={{ code: barred.code, message: barred.reason }} />;
  if (lastError === null || activeTurnId !== null) return null;
  // the agent's own words stand in the conversation already
  const isSaid = latest
    .slice(-3)
    .some(({ body, text }) => body.kind === 'error' && text === lastError.message);
  return (
    <div class="trouble">
      {isSaid ? (
        <p class="muted">
          The turn failed: <code class="code-tag">{lastError.code}</code>
        </p>
      ) : (
        <FailureNote failure={lastError} />
      )}
      {actions.can('turn.retry') && (
        <Button onClick={() => void actions.run({ type: 'turn.retry' })}>Retry</Button>
      )}
    </div>
  );
}
