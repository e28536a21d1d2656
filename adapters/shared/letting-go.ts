import type { ProviderHost } from '../../machines/ports/provider.ts';
import { isClosed } from './request-failures.ts';

/** Conversations in which something still ends, though nobody holds them any more. */
export class LettingGo {
  readonly #host: ProviderHost;
  readonly #going = new Map<string, Promise<void>>();

  constructor(host: ProviderHost) {
    this.#host = host;
  }

  /** `end` ends what runs. A process that has ended took it along. */
  add(nativeThreadId: string, end: () => Promise<void>): void {
    const gone = end()
      .catch((error: unknown) => {
        if (!isClosed(error))
          this.#host.warn('a conversation could not be let go', { nativeThreadId, error: String(error) });
      })
      .finally(() => {
        if (this.#going.get(nativeThreadId) === gone) this.#going.delete(nativeThreadId);
      });
    this.#going.set(nativeThreadId, gone);
  }

  /** Nobody opens a conversation before this. Never rejects; undefined where nothing has to end. */
  gone(nativeThreadId: string): Promise<void> | undefined {
    return this.#going.get(nativeThreadId);
  }
}
