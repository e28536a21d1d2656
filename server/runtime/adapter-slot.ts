/** What serves one instance. One adapter is replaced by the next only when nothing of it is left. */
import { failureOf, type Failure } from '../../machines/domain/error.ts';
import type { ProviderEffect } from '../../machines/domain/effect.ts';
import type { InstanceConfig, ProviderAdapter } from '../../machines/ports/provider.ts';

/** An adapter as it was made from one entry of the configuration. */
export interface Made {
  readonly config: InstanceConfig;
  /** `null`: the entry cannot be used. */
  readonly adapter: ProviderAdapter | null;
  /** From now on nothing is taken in from the adapter. */
  readonly deafen: () => void;
}

export class AdapterSlot {
  readonly #onError: (failure: Failure, effect: string) => void;
  #made: Made | null = null;
  /** Effects for the next adapter, while the last one is being ended; `null`: none is. */
  #waiting: ProviderEffect[] | null = null;
  /** Resolves when no replaced adapter is left. */
  #ended: Promise<void> = Promise.resolve();
  #isPaused = false;

  constructor(onError: (failure: Failure, effect: string) => void) {
    this.#onError = onError;
  }

  /** How long a connection may be idle at most; `null`: the adapter does not care. */
  get connectionIdleMs(): number | null {
    return this.#made?.adapter?.connectionIdleMs ?? null;
  }

  perform(effect: ProviderEffect): void {
    if (this.#waiting !== null) return void this.#waiting.push(effect);
    try {
      this.#made?.adapter?.perform(withModel(effect, this.#made.config));
    } catch (error) {
      // an adapter must not throw; the charts' deadlines take it from here
      this.#onError(failureOf(error), effect.type);
    }
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#made?.adapter?.setPaused(isPaused);
  }

  /** `null`: nothing serves it any more. */
  replace(next: Made | null): void {
    const last = this.#made;
    this.#made = next;
    if (this.#isPaused) next?.adapter?.setPaused(true);
    if (last === null || last.adapter === null) return;
    this.#waiting ??= [];
    const ended = this.#ended.then(() => this.#end(last));
    this.#ended = ended;
    void ended.then(() => this.#goOn(ended));
  }

  /** Resolves when nothing is left; no effect is performed any more. */
  async dispose(): Promise<void> {
    this.replace(null);
    this.#waiting = [];
    await this.#ended;
  }

  async #end({ adapter, deafen }: Made): Promise<void> {
    deafen();
    try {
      await adapter?.dispose();
    } catch (error) {
      this.#onError(failureOf(error), 'dispose');
    }
  }

  /** Not before the last of several is gone. */
  #goOn(ended: Promise<void>): void {
    if (this.#ended !== ended) return;
    const effects = this.#waiting ?? [];
    this.#waiting = null;
    for (const effect of effects) this.perform(effect);
  }
}

/** What a thread leaves open is for the instance to say, and only then for the agent. */
function withModel(effect: ProviderEffect, { model = null }: InstanceConfig): ProviderEffect {
  if (effect.type !== 'connection.open' && effect.type !== 'turn.start') return effect;
  if (model === null || effect.settings.model !== null) return effect;
  // both have settings of their own kind
  return effect.type === 'connection.open'
    ? { ...effect, settings: { ...effect.settings, model } }
    : { ...effect, settings: { ...effect.settings, model } };
}
