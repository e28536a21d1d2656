import type { ReplyForm } from './approvals.ts';

/** A request of claude that waits for its answer. */
export interface OpenRequest {
  readonly nativeId: string;
  readonly toolUseId: string;
  readonly form: ReplyForm;
}
