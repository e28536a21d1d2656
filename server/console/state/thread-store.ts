/** One followed thread: its moment now, drawn at most once a frame, and the pages of its past. */
import { signal } from '@preact/signals';
import type { RuntimeError } from '../../../machines/domain/error.ts';
import type { ThreadId } from '../../../machines/domain/ids.ts';
import type { RequestRow } from '../../../machines/domain/request.ts';
import type { Client, Following, GivenCommand } from '../../client/client.ts';
import type { ThreadView } from '../../client/thread-view.ts';
import { expiredBefore } from './expired-requests.ts';
import { ItemPages, readsOf } from './item-pages.ts';
import { momentOf, type Moment } from './moment.ts';
import { OnNextFrame } from './on-next-frame.ts';

/** A command without the thread that it is for. */
export type ThreadCommand = GivenCommand extends infer Each
  ? Each extends { threadId: string; type: string }
    ? Omit<Each, 'threadId'>
    : never
  : never;

export class ThreadStore {
  readonly threadId: ThreadId;
  readonly client: Client;
  /** `null`: it has not come yet. */
  readonly moment = signal<Moment | null>(null);
  /** The thread cannot be followed. */
  readonly error = signal<RuntimeError | null>(null);
  readonly #pages: ItemPages;
  readonly #following: Following;
  readonly #frame = new OnNextFrame();
  #view: ThreadView | null = null;
  #expired: readonly RequestRow[] = [];

  constructor(client: Client, threadId: ThreadId) {
    this.client = client;
    this.threadId = threadId;
    this.#pages = new ItemPages(readsOf(client), threadId, () => this.#draw());
    this.#following = client.subscribeThread(threadId, {
      onView: (view) => {
        if (view !== this.#view) {
          this.#pages.begin(view);
          void this.#lookBack(view);
        }
        this.#view = view;
        this.#draw();
      },
      onError: (error) => (this.error.value = error),
    });
  }

  async dispatch(command: ThreadCommand): Promise<void> {
    await this.client.dispatch(withThread(command, this.threadId));
  }

  close(): void {
    this.#frame.cancel();
    this.#following.end();
  }

  async #lookBack({ version }: ThreadView): Promise<void> {
    // without it they are only not offered
    this.#expired = await expiredBefore(this.client, this.threadId, version).catch(() => []);
    if (this.#expired.length > 0) this.#draw();
  }

  #draw(): void {
    this.#frame.run(() => {
      if (this.#view !== null) this.moment.value = momentOf(this.#view, this.#pages, this.#expired);
    });
  }
}

function withThread(command: ThreadCommand, threadId: ThreadId): GivenCommand;
function withThread(command: object, threadId: ThreadId): object {
  return { ...command, threadId };
}
