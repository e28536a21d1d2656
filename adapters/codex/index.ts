/** Codex through `codex app-server` over stdio: one process per instance, many threads on it. */
import type { ProviderEffect } from '../../machines/domain/effect.ts';
import type {
  InstanceConfig,
  ProviderAdapter,
  ProviderDriver,
  ProviderHost,
} from '../../machines/ports/provider.ts';
import { CAPABILITIES } from './capabilities.ts';
import { declineEffect } from '../shared/decline.ts';
import { launchSpec } from './launch.ts';
import { Lifecycle } from './lifecycle.ts';
import { performOn } from './perform.ts';
import { CODEX_PLAYBACK } from './playback.ts';

class CodexAdapter implements ProviderAdapter {
  readonly capabilities = CAPABILITIES;
  readonly #host: ProviderHost;
  readonly #lifecycle: Lifecycle;
  #isDisposed = false;

  constructor(instance: InstanceConfig, host: ProviderHost) {
    this.#host = host;
    this.#lifecycle = new Lifecycle(launchSpec(instance, process.env), host);
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
    const { run } = this.#lifecycle;
    return run === null ? declineEffect(this.#host, effect) : performOn(run, effect);
  }

  #warn({ type }: ProviderEffect, error: unknown): void {
    this.#host.warn('an effect could not be performed', { type, error: String(error) });
  }
}

/** Makes codex adapters; the driver's name in the configuration is `codex`. */
export const codexDriver: ProviderDriver = {
  driver: 'codex',
  takes: ['args', 'home'],
  playback: CODEX_PLAYBACK,
  create: (instance, host) => new CodexAdapter(instance, host),
};
