/** One of the six words of a thread, with its colour. */
import type { Status } from '../../../machines/domain/fact.ts';

export const StatusDot = ({
  status,
  attention,
}: {
  readonly status: Status;
  readonly attention?: boolean;
}) => <span class={`dot ${attention === true ? 'attention' : status}`} aria-hidden="true" />;

export const StatusWord = ({
  status,
  attention,
}: {
  readonly status: Status;
  readonly attention: boolean;
}) => (
  <span class={`status ${attention ? 'attention' : status}`} data-status={status}>
    <StatusDot status={status} attention={attention} />
    {attention ? 'waits for you' : status}
  </span>
);
