/** An error with its code, and what can be done about it. */
import type { Failure } from '../../../machines/domain/error.ts';
import { adviceOf } from './advice.ts';

interface FailureNoteProps {
  readonly failure: Pick<Failure, 'code' | 'message'>;
  readonly onDismiss?: () => void;
}

export function FailureNote({ failure: { code, message }, onDismiss }: FailureNoteProps) {
  return (
    <div class="failure" role="alert">
      <p>
        <code class="code-tag">{code}</code> {message}
      </p>
      <p class="muted">{adviceOf(code)}</p>
      {onDismiss !== undefined && (
        <button type="button" class="link" onClick={onDismiss}>
          Dismiss
        </button>
      )}
    </div>
  );
}
