import type { Capabilities } from '../../machines/domain/capability.ts';
import type { OpenConnection, ProviderEffect } from '../../machines/domain/effect.ts';
import { failure } from '../../machines/domain/error.ts';
import { itemIdOf, type RequestId } from '../../machines/domain/ids.ts';
import { byNative, type ThreadInputOf } from '../../machines/domain/input.ts';
import type { OpenedSettings, RecordingLineOf } from '../../machines/domain/recording.ts';
import type {
  InstanceConfig,
  InstanceReportInput,
  ProviderAdapter,
  ProviderDriver,
  ProviderHost,
  ProviderReport,
} from '../../machines/ports/provider.ts';
import { declineAnswer, refusalOf } from '../shared/decline.ts';
import type { Scenario } from './library.ts';
import { Tape, type PlaybackClock } from './tape.ts';

export interface PlaybackParts {
  readonly scenario: Scenario;
  /** Of the provider that was recorded. */
  readonly driver: ProviderDriver;
  readonly instance: InstanceConfig;
  readonly host: ProviderHost;
  readonly clock: PlaybackClock;
  readonly scale: number;
  readonly salt: number;
  /** The connection is closed or lost: nothing more is reported of it. */
  readonly onGone: () => void;
}

const NOT_ACTIVE = failure('TURN_NOT_ACTIVE', 'the turn is over', { class: 'validation' });
const OVER = failure('RECORDING_OVER', 'the recording is over: it has no further turn; start a new thread');

/** One connection: the recorded provider's own adapter, alone with a process that is played. */
export class Playback {
  readonly #open: OpenConnection;
  readonly #parts: PlaybackParts;
  readonly #tape: Tape;
  readonly #adapter: ProviderAdapter;
  /** What was asked for when it was recorded: the provider answers with it. */
  readonly #settings: Partial<OpenedSettings>;
  #isOver = false;
  #isGone = false;
  #noticeCount = 0;
  /** The turn of each request that was asked; a turn may end otherwise than it was recorded, and its requests with it. */
  readonly #turnOf = new Map<RequestId, string | null>();
  readonly #endedTurns = new Set<string | null>();

  constructor(open: OpenConnection, parts: PlaybackParts) {
    const { scenario, driver, instance, clock, scale, salt } = parts;
    const [recording, ...siblings] = scenario;
    if (driver.playback === undefined) throw new TypeError(`${driver.driver} cannot be played`);
    this.#open = open;
    this.#parts = parts;
    this.#settings = recording.lines.find(isOpen)?.settings ?? {};
    this.#tape = new Tape(recording, {
      protocol: driver.playback,
      clock,
      scale,
      salt,
      siblings,
      workspace: open.settings.cwd,
      events: {
        onUnexpected: ({ kind }) => void (this.#isOver ||= kind === 'prompt' && !this.#tape.hasTurn),
        onOtherAnswer: () => this.#note('this answer was not recorded; what was recorded goes on'),
      },
    });
    this.#adapter = driver.create({ ...instance, driver: driver.driver }, this.#host());
  }

  start(): void {
    this.#adapter.perform({ type: 'process.start', instanceId: this.#parts.instance.instanceId });
  }

  /** Effects of the connection; its opening is done by `start`. */
  perform(effect: ProviderEffect): void {
    const { host } = this.#parts;
    if (effect.type === 'turn.interrupt' && this.#endedTurns.has(effect.nativeTurnId)) {
      return host.report(this.#open.threadId, refusalOf(effect, NOT_ACTIVE));
    }
    if (effect.type === 'request.answer' && this.#isTurnOver(effect.requestId)) {
      return declineAnswer(host, effect);
    }
    if (effect.type !== 'turn.start') return this.#adapter.perform(effect);
    const { model, options, runtimeMode, policy } = { ...effect.settings, ...this.#settings };
    const settings = { ...effect.settings, model, options, runtimeMode, policy };
    this.#adapter.perform({ ...effect, settings });
  }

  setPaused(isPaused: boolean): void {
    this.#adapter.setPaused(isPaused);
  }

  /** Nothing more is reported. */
  dispose(): Promise<void> {
    this.#isGone = true;
    return this.#adapter.dispose();
  }

  #host(): ProviderHost {
    const { host } = this.#parts;
    return {
      processes: this.#tape,
      report: (_, input) => this.#report(input),
      reportInstance: (input) => this.#takeInstance(input),
      settled: (threadId, turnId, attempt) => {
        if (!this.#isGone) host.settled(threadId, turnId, attempt);
      },
      attachmentPath: (id) => host.attachmentPath(id),
      openItems: (_, turnId) => host.openItems(this.#open.threadId, turnId),
      logFrame: (direction, frame) => host.logFrame(direction, frame),
      // what was warned of when it was recorded is no news
      warn: () => {},
    };
  }

  #report(input: ProviderReport): void {
    if (this.#isGone) return;
    const { host } = this.#parts;
    const { threadId } = this.#open;
    if (input.type === 'provider.turnRefused' && this.#isOver) {
      return host.report(threadId, { ...input, failure: OVER });
    }
    if (input.type === 'connection.opened') {
      host.report(threadId, { ...input, capabilities: played(input.capabilities) });
      return this.#introduce();
    }
    if (input.type === 'provider.turnEnded') this.#endedTurns.add(input.nativeTurnId);
    if (input.type === 'provider.requestOpened') this.#noteRequest(input);
    host.report(threadId, input);
    this.#leaveAfter(input);
  }

  #noteRequest({ owner, request, nativeTurnId }: ThreadInputOf<'provider.requestOpened'>): void {
    if (owner === 'turn') this.#turnOf.set(request.requestId, nativeTurnId);
  }

  #isTurnOver(requestId: RequestId): boolean {
    const nativeTurnId = this.#turnOf.get(requestId);
    return nativeTurnId !== undefined && this.#endedTurns.has(nativeTurnId);
  }

  #leaveAfter({ type }: ProviderReport): void {
    const isEnd =
      type === 'connection.closed' || type === 'connection.lost' || type === 'connection.openFailed';
    if (isEnd) this.#parts.onGone();
  }

  #takeInstance(input: InstanceReportInput): void {
    const { connectionId, settings } = this.#open;
    switch (input.type) {
      case 'process.started':
        return this.#adapter.perform({ ...this.#open, settings: { ...settings, ...this.#settings } });
      case 'process.failed':
        return this.#report({ type: 'connection.openFailed', connectionId, failure: input.failure });
      case 'process.exited':
        return this.#report({ type: 'connection.lost', connectionId, failure: input.failure });
      default:
      // of a process that is none, nothing else is of interest
    }
  }

  #introduce(): void {
    const { title, driver, version, recordedAt } = this.#tape.recording.header;
    const day = new Date(recordedAt).toISOString().slice(0, 10);
    const from = `${driver}${version === null ? '' : ` ${version}`}`;
    this.#note(`this is a recording of ${from} from ${day} (${title}): nothing runs, and no file is touched`);
  }

  #note(text: string): void {
    const { connectionId } = this.#open;
    this.#noticeCount += 1;
    const itemId = itemIdOf(connectionId, `recording:${this.#noticeCount}`);
    const body = { kind: 'notice', tone: 'info', topic: 'recording' } as const;
    const item = { itemId, body, text, status: 'completed' } as const;
    this.#report({ type: 'provider.itemCompleted', connectionId, ...byNative(null), item });
  }
}

/** What was recorded is there; what would go beyond it is not. */
const played = ({ fork: _, rollback: __, ...recorded }: Capabilities): Capabilities => ({
  ...recorded,
  images: false,
  resume: false,
  compact: false,
  modelSwitch: false,
  delegation: false,
});

const isOpen = (line: { readonly kind: string }): line is RecordingLineOf<'open'> => line.kind === 'open';
