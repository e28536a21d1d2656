/** What outlives a scripted provider: its conversations, its faults, and what it has said but nobody has heard. */
import type { OpenConnection, ProviderEffect } from '../../machines/domain/effect.ts';

/** What a provider does other than it should. Each is looked at when the effect is performed. */
export interface Faults {
  open?: 'fail' | 'silent' | 'forgotten';
  close?: 'fail' | 'silent';
  start?: 'silent';
  compact?: 'refuse' | 'wait' | 'silent';
  interrupt?: 'silent' | 'refuse' | 'complete';
  steer?: 'silent' | 'refuse';
  answer?: 'silent' | 'fail';
  settle?: 'silent';
  process?: 'fail' | 'silent' | 'missing';
  lookUp?: 'silent' | 'unknown';
}

export interface Message {
  readonly clientMessageId: string;
  readonly text: string;
  outcome: 'running' | 'completed' | 'failed' | 'interrupted';
  /** The turn that it began, as the provider names it. */
  nativeTurnId?: string;
}

/** What outlives the server: conversations, and what has been handed over. */
export class World {
  /** What is said is heard by itself, in order; for tests on a real server. */
  readonly isLive: boolean;
  readonly conversations = new Map<string, Message[]>();
  readonly faults: Faults = {};
  /** Prompts in the order in which they arrived, to see that none comes twice. */
  readonly received: string[] = [];
  /** How many inputs about turns and items the server has been told. */
  toldCount = 0;
  /** Effects in the order in which they were performed. */
  readonly performed: ProviderEffect[] = [];
  /** Called before an effect is performed; what it throws keeps that from happening. */
  onPerform: ((effect: ProviderEffect) => void) | null = null;
  readonly #outbox: { readonly call: () => void; readonly what: unknown }[] = [];
  #count = 0;

  constructor({ isLive = false } = {}) {
    this.isLive = isLive;
  }

  next(prefix: string): string {
    this.#count += 1;
    return `${prefix}${this.#count}`;
  }

  /** The conversation that a connection begins or goes on with. */
  conversationOf({ resume, fork, rollback }: OpenConnection): string {
    const native = resume ?? this.next('native');
    const own = this.conversations.get(native) ?? [];
    const source = fork === undefined ? own : (this.conversations.get(fork.nativeThreadId) ?? []);
    const last = fork?.nativeTurnId ?? rollback?.nativeTurnId ?? null;
    const messages = last === null ? source : upTo(source, last);
    this.conversations.set(native, fork === undefined ? messages : messages.map((each) => ({ ...each })));
    return native;
  }

  /** `what`: the same for two calls that do the same. */
  say(call: () => void, what: unknown): void {
    this.#outbox.push({ call, what });
    if (this.isLive) setImmediate(() => this.deliver());
  }

  /** Delivers the oldest thing said; `false`: nothing waits. */
  deliver(): boolean {
    const next = this.#outbox.shift();
    next?.call();
    return next !== undefined;
  }

  /** What has been said and not been heard. */
  get said(): readonly unknown[] {
    return this.#outbox.map(({ what }) => what);
  }

  get waiting(): number {
    return this.#outbox.length;
  }

  /** The server was killed, and its children with it: what they would have said is lost. */
  kill(): void {
    this.#outbox.length = 0;
    for (const message of [...this.conversations.values()].flat()) {
      if (message.outcome === 'running') message.outcome = 'interrupted';
    }
  }
}

const upTo = (messages: readonly Message[], nativeTurnId: string): Message[] =>
  messages.slice(0, messages.findIndex((message) => message.nativeTurnId === nativeTurnId) + 1);
