import type { ConnectionId, RequestId } from '../../machines/domain/ids.ts';
import type { JsonRpcId } from '../shared/json-rpc.ts';
import type { ReplyForm } from './approvals.ts';

/** A request of codex that waits for its answer. */
export interface OpenRequest {
  readonly nativeId: JsonRpcId;
  readonly connectionId: ConnectionId;
  readonly form: ReplyForm;
}

/** The requests of one process that nobody has answered: their native ids have a type, their answers a form. */
export class OpenRequests {
  readonly #open = new Map<RequestId, OpenRequest>();

  add(requestId: RequestId, request: OpenRequest): void {
    this.#open.set(requestId, request);
  }

  get(requestId: RequestId): OpenRequest | null {
    return this.#open.get(requestId) ?? null;
  }

  remove(requestId: RequestId): OpenRequest | null {
    const request = this.get(requestId);
    this.#open.delete(requestId);
    return request;
  }

  removeOf(connectionId: ConnectionId): void {
    for (const [requestId, request] of this.#open) {
      if (request.connectionId === connectionId) this.#open.delete(requestId);
    }
  }
}
