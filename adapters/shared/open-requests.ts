import type { RequestId } from '../../machines/domain/ids.ts';

/** The requests of a provider that nobody has answered; `T` is what their answers need: native id, form. */
export class OpenRequests<T> {
  readonly #open = new Map<RequestId, T>();

  add(requestId: RequestId, request: T): void {
    this.#open.set(requestId, request);
  }

  get(requestId: RequestId): T | null {
    return this.#open.get(requestId) ?? null;
  }

  /** Each is answered once. */
  remove(requestId: RequestId): T | null {
    const request = this.get(requestId);
    this.#open.delete(requestId);
    return request;
  }

  removeWhere(isOver: (request: T) => boolean): void {
    for (const [requestId, request] of this.#open) if (isOver(request)) this.#open.delete(requestId);
  }
}
