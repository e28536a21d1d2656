/** What a person can do with the followed thread. The server decides; what it takes now stands in `can`. */
import { computed, signal } from '@preact/signals';
import { failureOf, type Failure } from '../../../machines/domain/error.ts';
import type { TurnId } from '../../../machines/domain/ids.ts';
import type { WireItem } from '../../gateway/frame.ts';
import type { ThreadCommand, ThreadStore } from '../state/thread-store.ts';
import { goTo, threadHref } from '../state/route.ts';

/** What has to be asked before it is done. */
export type Asking =
  | { readonly kind: 'rename' | 'switch' | 'delete' }
  | { readonly kind: 'rollback'; readonly turnId: TurnId | null }
  | { readonly kind: 'edit'; readonly item: WireItem };

export class ThreadActions {
  readonly store: ThreadStore;
  /** Of the last thing that was refused. */
  readonly failure = signal<Failure | null>(null);
  /** Where there is no room for the details beside the conversation. */
  readonly hasDetails = signal(false);
  readonly asking = signal<Asking | null>(null);
  /** One text, so that who reads it draws again only when it has changed. */
  readonly #can = computed(() => this.store.moment.value?.machine.can.join(' ') ?? '');
  readonly #lastPrompt = computed(
    () =>
      this.store.moment.value?.latest.findLast(({ body }) => body.kind === 'user_message')?.itemId ?? null,
  );

  constructor(store: ThreadStore) {
    this.store = store;
  }

  can(name: string): boolean {
    return this.#can.value.split(' ').includes(name);
  }

  canEdit({ itemId, rolledBack }: WireItem): boolean {
    return rolledBack !== true && itemId === this.#lastPrompt.value && this.can('turn.edit');
  }

  /** `false`: it was refused, and says so. */
  async run(command: ThreadCommand): Promise<boolean> {
    return (await this.try(() => this.store.dispatch(command).then(() => true))) ?? false;
  }

  /** `null`: it failed, and says so. */
  async try<Result>(job: () => Promise<Result>): Promise<Result | null> {
    try {
      const result = await job();
      this.failure.value = null;
      return result;
    } catch (error) {
      this.failure.value = failureOf(error);
      return null;
    }
  }

  ask(asking: Asking | null): void {
    this.asking.value = asking;
  }

  edit(item: WireItem): void {
    this.ask({ kind: 'edit', item });
  }

  rollback(turnId: TurnId | null): void {
    this.ask({ kind: 'rollback', turnId });
  }

  async fork(more: { readonly turnId?: TurnId; readonly worktree?: object } = {}): Promise<void> {
    const { client, threadId } = this.store;
    const command = { type: 'thread.fork', threadId, ...more } as const;
    const made = await this.try(() => client.dispatch(command));
    if (made !== null) goTo(threadHref(made.threadId));
  }

  async implement({ itemId }: WireItem): Promise<void> {
    const { threadId } = this.store;
    const sourcePlan = { threadId, itemId };
    await this.try(async () => {
      await this.store.dispatch({ type: 'thread.setInteractionMode', interactionMode: 'default' });
      await this.store.dispatch({ type: 'turn.submit', text: 'Implement the plan.', sourcePlan });
    });
  }

  async turnDiff(turnId: TurnId): Promise<string | null> {
    const params = { threadId: this.store.threadId, turnId, text: true };
    const read = await this.try(() => this.store.client.call('orchestration.getTurnDiff', params));
    return read?.diff ?? null;
  }

  /** More of the text of an item. */
  async readText({ itemId }: WireItem, offset: number): Promise<string> {
    const params = { threadId: this.store.threadId, itemId, offset };
    const read = await this.try(() => this.store.client.call('orchestration.getItem', params));
    return read?.text ?? '';
  }
}
