/** Claude Code through its stream-json protocol over stdio: one process per connection, run as the user has it installed. */
import type { ProviderEffect } from '../../machines/domain/effect.ts';
import type {
  InstanceConfig,
  ProviderAdapter,
  ProviderDriver,
  ProviderHost,
} from '../../machines/ports/provider.ts';
import { declineEffect } from '../shared/decline.ts';
import { CAPABILITIES } from './capabilities.ts';
import { launchSpec } from './launch.ts';
import { Lifecycle } from './lifecycle.ts';
import { performOn } from './perform.ts';

class ClaudeAdapter implements ProviderAdapter {
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

/** Makes claude adapters; the driver's name in the configuration is `claude`. */
export const claudeDriver: ProviderDriver = {
  driver: 'claude',
  takes: ['args', 'home'],
  create: (instance, host) => new ClaudeAdapter(instance, host),
};
