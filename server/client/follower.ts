/** One subscription that lasts over reconnects: resumes from its cursor, and finds gaps. */
import { ERRORS, type RuntimeError } from '../../machines/domain/error.ts';
import type { Link, Notification } from './link.ts';

/** What every frame may have. */
export interface AnyFrame {
  readonly kind: string;
  readonly sequence?: number;
  readonly version?: number;
}

export interface FollowerOptions<Frame extends AnyFrame> {
  readonly link: Link;
  readonly method:
    | 'orchestration.subscribeThread'
    | 'orchestration.subscribeShell'
    | 'inspection.subscribeThread';
  /** Beside the cursor. */
  readonly params: Readonly<Record<string, unknown>>;
  /** What `after` counts. */
  readonly position: 'version' | 'sequence';
  /** The frames of one message, in their order; kinds that it does not know are to be ignored. */
  readonly onFrames: (frames: readonly Frame[]) => void;
  /**
   * The server refuses the subscription for good, or us when we come back; it is over. What it may grant later is asked
   * for again.
   */
  readonly onRefused: (error: RuntimeError) => void;
}

/** The place of the last frame seen. */
interface Cursor {
  readonly afterSequence: number;
  readonly epoch: string;
}

/** What was handled is acknowledged each time that this much has come. */
const ACKNOWLEDGE_UNITS = 64 * 1024;
const RETRY_MS = 250;

export class Follower<Frame extends AnyFrame> {
  /** Times that a message did not continue the last one. */
  gapCount = 0;
  readonly #options: FollowerOptions<Frame>;
  readonly #removals: (() => void)[] = [];
  #cursor: Cursor | null = null;
  #position = 0;
  #subscriptionId: string | null = null;
  #unacknowledgedUnits = 0;
  #hasEnded = false;
  #retry: ReturnType<typeof setTimeout> | null = null;

  constructor(options: FollowerOptions<Frame>) {
    this.#options = options;
    const { link } = options;
    this.#removals.push(
      link.onEnd((error) => this.#onLinkEnd(error)),
      link.onOpen(() => this.#subscribe()),
    );
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    for (const remove of this.#removals) remove();
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#leave();
  }

  #subscribe(): void {
    if (this.#hasEnded) return;
    // a retry that waits from before a reconnect would be a second subscription
    if (this.#retry !== null) clearTimeout(this.#retry);
    const { link, method, params } = this.#options;
    link.request(method, { ...params, ...this.#cursor }, (outcome) => {
      if (outcome.type === 'result') this.#onSubscribed(outcome.result);
      else if (outcome.type === 'error') this.#onError(outcome.error);
    });
  }

  #onSubscribed(result: unknown): void {
    const subscriptionId = subscriptionIdOf(result);
    const { link } = this.#options;
    if (this.#hasEnded) {
      link.notify('orchestration.unsubscribe', { subscriptionId });
      return;
    }
    this.#subscriptionId = subscriptionId;
    this.#unacknowledgedUnits = 0;
    link.listen(subscriptionId, (notification, units) => this.#onNotification(notification, units));
  }

  #onError(error: RuntimeError): void {
    if (this.#hasEnded) return;
    if (ERRORS[error.code].retryable) this.#retry = setTimeout(() => this.#subscribe(), RETRY_MS);
    else {
      this.end();
      this.#options.onRefused(error);
    }
  }

  /** Nothing more comes; who closed the link knows it. */
  #onLinkEnd(error: RuntimeError): void {
    if (this.#hasEnded) return;
    this.end();
    if (error.code !== 'CONNECTION_CLOSED') this.#options.onRefused(error);
  }

  #onNotification({ after, frames }: Notification, units: number): void {
    const known: readonly Frame[] = typed(frames);
    const [first] = known;
    const startsOver = first?.kind === 'resync' || first?.kind === 'snapshot';
    if (!startsOver && after !== this.#position) return this.#healGap();
    for (const frame of known) this.#move(frame);
    this.#options.onFrames(known);
    this.#acknowledge(units);
  }

  #move(frame: Frame): void {
    const epoch = this.#options.link.info?.epoch ?? '';
    if (frame.kind === 'resync') this.#cursor = null;
    else if (frame.sequence !== undefined) this.#cursor = { epoch, afterSequence: frame.sequence };
    this.#position = frame[this.#options.position] ?? this.#position;
  }

  #healGap(): void {
    this.gapCount += 1;
    this.#leave();
    this.#subscribe();
  }

  #leave(): void {
    const { link } = this.#options;
    const subscriptionId = this.#subscriptionId;
    this.#subscriptionId = null;
    if (subscriptionId === null) return;
    link.unlisten(subscriptionId);
    link.notify('orchestration.unsubscribe', { subscriptionId });
  }

  #acknowledge(units: number): void {
    this.#unacknowledgedUnits += units;
    if (this.#unacknowledgedUnits < ACKNOWLEDGE_UNITS || this.#cursor === null) return;
    this.#unacknowledgedUnits = 0;
    const { afterSequence: sequence } = this.#cursor;
    this.#options.link.notify('orchestration.acknowledge', {
      subscriptionId: this.#subscriptionId,
      sequence,
    });
  }
}

/** The server's own schemas made them; a client checks no more than it uses. */
function typed<Frame>(frames: readonly unknown[]): readonly Frame[];
function typed(frames: readonly unknown[]): readonly unknown[] {
  return frames;
}

function subscriptionIdOf(result: unknown): string {
  if (typeof result !== 'object' || result === null || !('subscriptionId' in result)) return '';
  return String(result.subscriptionId);
}
