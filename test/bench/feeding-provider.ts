/** A provider that is a hose: it accepts every prompt, and says what the bench tells it to say. */
import type { ProviderEffect } from '../../machines/domain/effect.ts';
import { itemIdOf, type ConnectionId, type ThreadId } from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import type { ProviderAdapter, ProviderDriver, ProviderHost } from '../../machines/ports/provider.ts';
import { SCRIPTED_CAPABILITIES } from '../helpers/scripted-provider.ts';

interface Line {
  readonly threadId: ThreadId;
  readonly connectionId: ConnectionId;
}

export class FeedingProvider implements ProviderAdapter {
  readonly capabilities = SCRIPTED_CAPABILITIES;
  readonly lines: Line[] = [];
  readonly #host: ProviderHost;
  readonly #threads = new Map<ConnectionId, ThreadId>();
  #itemCount = 0;

  constructor(host: ProviderHost) {
    this.#host = host;
  }

  perform(effect: ProviderEffect): void {
    const host = this.#host;
    if (effect.type === 'process.start') {
      host.reportInstance({ type: 'process.started', report: { version: 'bench' } });
    } else if (effect.type === 'connection.open') {
      const { threadId, connectionId } = effect;
      this.#threads.set(connectionId, threadId);
      const { capabilities } = this;
      const opened = { nativeThreadId: `n-${threadId}`, resumed: false, capabilities, model: null };
      host.report(threadId, { type: 'connection.opened', connectionId, ...opened });
    } else if (effect.type === 'turn.start') {
      const { connectionId, turnId, attempt } = effect;
      const threadId = this.#threads.get(connectionId);
      if (threadId === undefined) return;
      const turn = { connectionId, turnId, attempt, nativeTurnId: `turn-${threadId}` };
      host.report(threadId, { type: 'provider.turnAccepted', ...turn });
      host.report(threadId, { type: 'provider.turnStarted', ...turn, isNew: false });
      this.lines.push({ threadId, connectionId });
    } else if (effect.type === 'turn.settle') {
      const threadId = this.#threads.get(effect.connectionId);
      if (threadId !== undefined) host.settled(threadId, effect.turnId, effect.attempt);
    }
  }

  /** 100 inputs: 90 deltas, 9 of items, 1 of the turn. */
  feed({ threadId, connectionId }: Line): void {
    const host = this.#host;
    const native = byNative(`turn-${threadId}`);
    for (let item = 0; item < 3; item += 1) {
      this.#itemCount += 1;
      const itemId = itemIdOf(`turn-${threadId}`, `item-${this.#itemCount}`);
      const open = { itemId, body: { kind: 'assistant_message' }, text: '', status: 'open' } as const;
      host.report(threadId, { type: 'provider.itemStarted', connectionId, ...native, item: open });
      for (let delta = 0; delta < 30; delta += 1) {
        host.report(threadId, { type: 'provider.itemDelta', connectionId, itemId, text: 'token' });
      }
      host.report(threadId, {
        type: 'provider.itemUpdated',
        connectionId,
        ...native,
        item: { ...open, text: 'x' },
      });
      const done = { ...open, text: 'token'.repeat(30), status: 'completed' } as const;
      host.report(threadId, { type: 'provider.itemCompleted', connectionId, ...native, item: done });
    }
    const usage = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningTokens: 0 };
    const full = { ...usage, contextTokens: 2, contextWindow: null };
    host.report(threadId, { type: 'provider.usageReported', connectionId, usage: full });
  }

  setPaused(): void {}

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

export function feedingDriver(onCreate: (provider: FeedingProvider) => void): ProviderDriver {
  return {
    driver: 'feeding',
    create: (_config, host) => {
      const provider = new FeedingProvider(host);
      onCreate(provider);
      return provider;
    },
  };
}
