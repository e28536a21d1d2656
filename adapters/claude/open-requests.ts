import type { RequestId } from '../../machines/domain/ids.ts';
import type { ReplyForm } from './approvals.ts';

/** A request of claude that waits for its answer. */
export interface OpenRequest {
  readonly nativeId: string;
  readonly toolUseId: string;
  readonly form: ReplyForm;
}

/** The requests of one process that nobody has answered. */
export class OpenRequests {
  readonly #open = new Map<RequestId, OpenRequest>();

  add(requestId: RequestId, request: OpenRequest): void {
    this.#open.set(requestId, request);
  }

  /** Each is answered once. */
  remove(requestId: RequestId): OpenRequest | null {
    const request = this.#open.get(requestId) ?? null;
    this.#open.delete(requestId);
    return request;
  }
}
