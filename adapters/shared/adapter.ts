/** The facade of an adapter: effects of the instance go to its lifecycle, all others to what runs. */
import type { Capabilities } from '../../machines/domain/capability.ts';
import type { ProviderEffect } from '../../machines/domain/effect.ts';
import type { ProviderAdapter, ProviderHost } from '../../machines/ports/provider.ts';
import { canOpen, declineEffect, declineOpen } from './decline.ts';
import { performOn, type ThreadPerformer } from './effects.ts';

/** The life of an instance's process, or of what stands for it. Each answers by a report about the instance. */
export interface InstanceLifecycle<R> {
  /** What serves threads, once it is ready; `null`: nothing does. */
  readonly run: R | null;
  start(): void;
  stop(force: boolean): Promise<void>;
  /** Without a word. @throws {RuntimeError} INTERNAL when something of a process outlives SIGKILL */
  end(force: boolean): Promise<void>;
  setPaused(isPaused: boolean): void;
}

interface AdapterParts<R> {
  readonly capabilities: Capabilities;
  readonly connectionIdleMs?: number;
  readonly lifecycle: InstanceLifecycle<R>;
  readonly performer: ThreadPerformer<R>;
}

export class LifecycleAdapter<R> implements ProviderAdapter {
  readonly capabilities: Capabilities;
  readonly connectionIdleMs?: number;
  readonly #host: ProviderHost;
  readonly #lifecycle: InstanceLifecycle<R>;
  readonly #performer: ThreadPerformer<R>;
  #isDisposed = false;

  constructor(host: ProviderHost, parts: AdapterParts<R>) {
    const { capabilities, connectionIdleMs, lifecycle, performer } = parts;
    this.#host = host;
    this.capabilities = capabilities;
    if (connectionIdleMs !== undefined) this.connectionIdleMs = connectionIdleMs;
    this.#lifecycle = lifecycle;
    this.#performer = performer;
  }

  perform(effect: ProviderEffect): void {
    if (this.#isDisposed) return;
    try {
      const performing = this.#perform(effect);
      performing?.catch((error: unknown) => this.#warn(effect, error));
    } catch (error) {
      this.#warn(effect, error);
    }
  }

  setPaused(paused: boolean): void {
    this.#lifecycle.setPaused(paused);
  }

  dispose(): Promise<void> {
    this.#isDisposed = true;
    return this.#lifecycle.end(false);
  }

  #perform(effect: ProviderEffect): Promise<void> | void {
    if (effect.type === 'process.start') return this.#lifecycle.start();
    if (effect.type === 'process.stop') return this.#lifecycle.stop(effect.force);
    if (effect.type === 'connection.open' && !canOpen(this.capabilities, effect)) {
      return declineOpen(this.#host, effect);
    }
    const { run } = this.#lifecycle;
    return run === null ? declineEffect(this.#host, effect) : performOn(this.#performer, run, effect);
  }

  #warn({ type }: ProviderEffect, error: unknown): void {
    this.#host.warn('an effect could not be performed', { type, error: String(error) });
  }
}
