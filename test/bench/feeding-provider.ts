/** A provider that is a hose: a prompt names the mix of inputs that its turn consists of, and all of it comes at once. */
import { setImmediate } from 'node:timers/promises';
import type { ProviderEffect } from '../../machines/domain/effect.ts';
import { itemIdOf, type ConnectionId, type ThreadId } from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import type { ProviderAdapter, ProviderDriver, ProviderHost } from '../../machines/ports/provider.ts';
import { SCRIPTED_CAPABILITIES } from '../helpers/scripted-provider.ts';

type EffectOf<T extends ProviderEffect['type']> = Extract<ProviderEffect, { type: T }>;

/** The items of a turn; each is started, streamed, updated where it is streamed, and completed. */
interface Mix {
  readonly itemCount: number;
  readonly deltaCount: number;
}

/** `mixed`: 90 % deltas, 9 % items, 1 % of the turn itself. */
export const MIXES = {
  mixed: { itemCount: 18, deltaCount: 30 },
  lifecycle: { itemCount: 3, deltaCount: 0 },
  /** A delta in each turn of the event loop, so that each is committed alone. */
  paced: { itemCount: 1, deltaCount: 30 },
} as const satisfies Readonly<Record<string, Mix>>;
export type MixName = keyof typeof MIXES;

/** The command, accepted, started, usage, ended and settled. */
const INPUTS_OF_TURN = 6;

/** With its command. */
export function inputCountOf(name: MixName): number {
  const { itemCount, deltaCount }: Mix = MIXES[name];
  const ofItem = deltaCount === 0 ? 2 : 3 + deltaCount;
  return INPUTS_OF_TURN + itemCount * ofItem;
}

const TOKEN = 'token';
const PACED: MixName = 'paced';

export class FeedingProvider implements ProviderAdapter {
  readonly capabilities = SCRIPTED_CAPABILITIES;
  readonly #host: ProviderHost;
  readonly #threads = new Map<ConnectionId, ThreadId>();
  #turnCount = 0;

  constructor(host: ProviderHost) {
    this.#host = host;
  }

  perform(effect: ProviderEffect): void {
    if (effect.type === 'turn.start') void this.#run(effect);
    if (effect.type === 'process.start') {
      this.#host.reportInstance({ type: 'process.started', report: { version: 'bench' } });
    } else if (effect.type === 'connection.open') {
      this.#open(effect);
    } else if (effect.type === 'turn.settle') {
      this.#host.settled(this.#threadOf(effect), effect.turnId, effect.attempt);
    }
  }

  setPaused(): void {}

  dispose(): Promise<void> {
    return Promise.resolve();
  }

  #open({ threadId, connectionId }: EffectOf<'connection.open'>): void {
    this.#threads.set(connectionId, threadId);
    const { capabilities } = this;
    const opened = { nativeThreadId: `n-${threadId}`, resumed: false, capabilities, model: null };
    this.#host.report(threadId, { type: 'connection.opened', connectionId, ...opened });
  }

  async #run(effect: EffectOf<'turn.start'>): Promise<void> {
    const { connectionId, turnId, attempt, prompt } = effect;
    const threadId = this.#threadOf(effect);
    this.#turnCount += 1;
    const nativeTurnId = `turn-${this.#turnCount}`;
    const turn = { connectionId, turnId, attempt, nativeTurnId };
    this.#host.report(threadId, { type: 'provider.turnAccepted', ...turn });
    this.#host.report(threadId, { type: 'provider.turnStarted', ...turn, isNew: false });
    const mix = mixOf(prompt.text);
    for (let item = 0; item < mix.itemCount; item += 1) {
      const saying = this.#say({ threadId, connectionId, nativeTurnId }, `item-${item}`, mix.deltaCount);
      for (const _ of saying) if (prompt.text === PACED) await setImmediate();
    }
    const usage = { inputTokens: this.#turnCount, cachedInputTokens: 0, outputTokens: 1, reasoningTokens: 0 };
    const full = { ...usage, contextTokens: 2, contextWindow: null };
    this.#host.report(threadId, { type: 'provider.usageReported', connectionId, usage: full });
    this.#host.report(threadId, { type: 'provider.turnEnded', ...turn, outcome: 'completed', failure: null });
  }

  /** Yields after each delta. */
  *#say({ threadId, connectionId, nativeTurnId }: Place, item: string, deltaCount: number): Iterable<void> {
    const report: ProviderHost['report'] = (to, input) => this.#host.report(to, input);
    const itemId = itemIdOf(nativeTurnId, item);
    const place = { connectionId, ...byNative(nativeTurnId) };
    const open = { itemId, body: { kind: 'assistant_message' }, text: '', status: 'open' } as const;
    report(threadId, { type: 'provider.itemStarted', ...place, item: open });
    for (let delta = 0; delta < deltaCount; delta += 1) {
      report(threadId, { type: 'provider.itemDelta', connectionId, itemId, text: TOKEN });
      yield;
    }
    if (deltaCount > 0)
      report(threadId, { type: 'provider.itemUpdated', ...place, item: { ...open, text: TOKEN } });
    const text = TOKEN.repeat(Math.max(1, deltaCount));
    report(threadId, {
      type: 'provider.itemCompleted',
      ...place,
      item: { ...open, text, status: 'completed' },
    });
  }

  #threadOf({ connectionId }: { readonly connectionId: ConnectionId }): ThreadId {
    const threadId = this.#threads.get(connectionId);
    if (threadId === undefined) throw new Error(`the connection ${connectionId} was not opened`);
    return threadId;
  }
}

interface Place {
  readonly threadId: ThreadId;
  readonly connectionId: ConnectionId;
  readonly nativeTurnId: string;
}

function mixOf(text: string): Mix {
  const mix = Object.entries(MIXES).find(([name]) => name === text)?.[1];
  if (mix === undefined) throw new Error(`there is no mix ${text}`);
  return mix;
}

export const feedingDriver: ProviderDriver = {
  driver: 'feeding',
  create: (_config, host) => new FeedingProvider(host),
};
