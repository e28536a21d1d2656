/** Recordings as a provider: each connection plays one, through the adapter that it was recorded from. */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { Capabilities } from '../../machines/domain/capability.ts';
import type { OpenConnection, ProviderEffect } from '../../machines/domain/effect.ts';
import { failure, failureOf, RuntimeError, type Failure } from '../../machines/domain/error.ts';
import type { ConnectionId } from '../../machines/domain/ids.ts';
import type {
  InstanceConfig,
  ProviderAdapter,
  ProviderDriver,
  ProviderHost,
} from '../../machines/ports/provider.ts';
import { canOpen, declineEffect, declineOpen } from '../shared/decline.ts';
import { ABSENT, reportLookedUp, type Found } from '../shared/look-up.ts';
import { Library, type Scenario } from './library.ts';
import { Playback } from './playback.ts';
import { playbackClock, type PlaybackClock } from './tape.ts';

export interface ReplayOptions {
  /** Of the providers whose recordings can be played. */
  readonly drivers: readonly ProviderDriver[];
  /** Default: real time. */
  readonly clock?: PlaybackClock;
  /** A number for each playback, from 1 to 2^31, that makes its native ids its own. Default: random. */
  readonly newSalt?: () => number;
}

const DEMO_FOLDER = join(import.meta.dirname, 'demo');
/** In the environment of an instance; recorded times are multiplied by it. */
const SCALE_VARIABLE = 'THREADCHART_REPLAY_SCALE';

const MOST_SALT = 2 ** 31;

/** A recording knows nothing of pictures, does not outlive its connection, and is chosen as the model of its thread. */
const CAPABILITIES: Capabilities = {
  interrupt: true,
  nativeSteer: true,
  images: false,
  planMode: true,
  resume: false,
  compact: false,
  modelSwitch: false,
  delegation: false,
};

const NO_RESUME = failure(
  'RESUME_FAILED',
  'a recording cannot be resumed; the next prompt plays it from its beginning',
  {
    class: 'provider',
  },
);

const UNKNOWN: Found = {
  found: 'unknown',
  failure: failure('PROVIDER_ERROR', 'a recording that was played leaves nothing to look up', {
    class: 'provider',
  }),
};

/**
 * Makes replay adapters; the driver's name in the configuration is `replay`. The command of an instance is a file or a
 * folder of recordings; without one it plays the recordings that come with this package.
 */
export const replayDriver = (options: ReplayOptions): ProviderDriver => ({
  driver: 'replay',
  create: (instance, host) => new ReplayAdapter(options, instance, host),
});

class ReplayAdapter implements ProviderAdapter {
  readonly capabilities = CAPABILITIES;
  readonly #options: ReplayOptions;
  readonly #instance: InstanceConfig;
  readonly #host: ProviderHost;
  readonly #playbacks = new Map<ConnectionId, Playback>();
  /** `null` until it is started. */
  #library: Library | null = null;
  #scale = 1;
  #isStarted = false;
  #isPaused = false;

  constructor(options: ReplayOptions, instance: InstanceConfig, host: ProviderHost) {
    this.#options = options;
    this.#instance = instance;
    this.#host = host;
  }

  perform(effect: ProviderEffect): void {
    switch (effect.type) {
      case 'process.start':
        return this.#start();
      case 'process.stop':
        this.#isStarted = false;
        return void this.#endAll().then(() => this.#host.reportInstance({ type: 'process.stopped' }));
      case 'connection.open':
        return this.#open(effect);
      case 'turn.lookUp':
        return reportLookedUp(this.#host, effect, effect.nativeThreadId === null ? ABSENT : UNKNOWN);
      case 'connection.kill':
        return void this.#remove(effect.connectionId)?.dispose();
      default: {
        const playback = 'connectionId' in effect ? this.#playbacks.get(effect.connectionId) : undefined;
        if (playback === undefined) declineEffect(this.#host, effect);
        else playback.perform(effect);
      }
    }
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    for (const playback of this.#playbacks.values()) playback.setPaused(isPaused);
  }

  dispose(): Promise<void> {
    return this.#endAll();
  }

  #start(): void {
    if (this.#isStarted) return;
    try {
      this.#scale = scaleIn(this.#instance);
      this.#library ??= Library.read(this.#instance.command ?? DEMO_FOLDER, this.#options.drivers);
    } catch (error) {
      const cause: Failure = { ...failureOf(error), class: 'validation', retryable: false };
      return this.#host.reportInstance({ type: 'process.failed', failure: cause });
    }
    this.#isStarted = true;
    const account = { label: 'recordings: no agent runs', plan: null };
    const report = { account, loginRequired: false, models: this.#library.models };
    this.#host.reportInstance({ type: 'process.started', report });
  }

  /** What a recording says has nothing to do with tools of now. */
  #open({ tools: _, ...effect }: OpenConnection): void {
    const { connectionId, threadId, resume, settings } = effect;
    if (!canOpen(this.capabilities, effect)) return declineOpen(this.#host, effect);
    const scenario = this.#library?.scenario(settings.model) ?? null;
    const why = resume === null ? noScenario(settings.model) : NO_RESUME;
    if (resume !== null || scenario === null) {
      return this.#host.report(threadId, { type: 'connection.openFailed', connectionId, failure: why });
    }
    const playback = new Playback(effect, {
      scenario,
      driver: this.#driverOf(scenario),
      instance: { ...this.#instance, command: null },
      host: this.#host,
      clock: this.#options.clock ?? playbackClock,
      scale: this.#scale,
      salt: this.#options.newSalt?.() ?? randomInt(1, MOST_SALT),
      onGone: () => void this.#remove(connectionId)?.dispose(),
    });
    this.#playbacks.set(connectionId, playback);
    if (this.#isPaused) playback.setPaused(true);
    playback.start();
  }

  /** The library has looked that there is one. */
  #driverOf([{ header }]: Scenario): ProviderDriver {
    const driver = this.#options.drivers.find((each) => each.driver === header.driver);
    if (driver === undefined) throw new RuntimeError('INTERNAL', `there is no driver ${header.driver}`);
    return driver;
  }

  #remove(connectionId: ConnectionId): Playback | undefined {
    const playback = this.#playbacks.get(connectionId);
    this.#playbacks.delete(connectionId);
    return playback;
  }

  async #endAll(): Promise<void> {
    const playbacks = [...this.#playbacks.values()];
    this.#playbacks.clear();
    await Promise.all(playbacks.map((playback) => playback.dispose()));
  }
}

const noScenario = (model: string | null): Failure =>
  failure('PROVIDER_MODEL_NOT_FOUND', `there is no recording ${model ?? ''}`, { class: 'validation' });

/** @throws {RuntimeError} INVALID_PARAMS */
function scaleIn({ env, instanceId }: InstanceConfig): number {
  const scale = Number(env[SCALE_VARIABLE] ?? 1);
  if (Number.isFinite(scale) && scale >= 0) return scale;
  throw new RuntimeError('INVALID_PARAMS', `${SCALE_VARIABLE} of ${instanceId} is no number from 0 on`);
}
