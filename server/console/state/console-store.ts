/** What the page knows: the list, the instances, the open thread. The only place where frames become state. */
import { signal } from '@preact/signals';
import type { RuntimeError } from '../../../machines/domain/error.ts';
import { threadIdSchema, type InstanceId, type ThreadId } from '../../../machines/domain/ids.ts';
import type { InstanceRow } from '../../../machines/domain/instance.ts';
import type { ThreadRow } from '../../../machines/domain/snapshot.ts';
import type { Client } from '../../client/client.ts';
import type { GivenOf, MethodName, ResultOf } from '../../gateway/protocol.ts';
import { OnNextFrame } from './on-next-frame.ts';
import { SeenThreads } from './seen-threads.ts';
import { ThreadStore } from './thread-store.ts';

export interface StoreEvents {
  readonly onView: () => void;
  /** The server lets us in no longer. */
  readonly onEnd: (error: RuntimeError) => void;
}

export class ConsoleStore {
  readonly client: Client;
  readonly threads = signal<ReadonlyMap<ThreadId, ThreadRow>>(new Map());
  readonly instances = signal<ReadonlyMap<InstanceId, InstanceRow>>(new Map());
  /** The list has come. */
  readonly isListed = signal(false);
  readonly seen = new SeenThreads();
  #open: ThreadStore | null = null;

  constructor(client: Client, { onView, onEnd }: StoreEvents) {
    this.client = client;
    const frame = new OnNextFrame();
    client.subscribeShell({
      onView: (view) => {
        onView();
        frame.run(() => {
          this.threads.value = new Map(view.threads);
          this.instances.value = new Map(view.instances);
          this.isListed.value = true;
        });
      },
      onError: onEnd,
    });
  }

  /** Follows that thread, and no other one any more. */
  thread(threadId: string): ThreadStore {
    const id = threadIdSchema.parse(threadId);
    if (this.#open?.threadId === id) return this.#open;
    this.#open?.close();
    this.#open = new ThreadStore(this.client, id);
    return this.#open;
  }

  call<M extends MethodName>(method: M, params: GivenOf<M>): Promise<ResultOf<M>> {
    return this.client.call(method, params);
  }

  close(): void {
    this.#open?.close();
    this.client.close();
  }
}
