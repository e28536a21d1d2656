/** As long as nothing is heard in a turn, then opencode is asked how it stands. */
export const SILENCE_MS = 20_000;
/** The same where the turn should be over, but its last message is not complete. */
export const END_SILENCE_MS = 3_000;

/**
 * Notices that nothing is heard of a session while something should be. It is a part of the transport, as opening a broken
 * stream again is: it only has opencode asked how the session stands, and what follows from that is told as if it had been
 * heard. Whether a turn has taken too long is the chart's to say.
 */
export class Silence {
  readonly #onSilence: () => void;
  #timer: NodeJS.Timeout | null = null;
  #afterMs = 0;

  constructor(onSilence: () => void) {
    this.#onSilence = onSilence;
  }

  /** From now on, until `stop`, something should be heard within this time. */
  watch(afterMs: number): void {
    if (this.#timer !== null && this.#afterMs === afterMs) return void this.#timer.refresh();
    this.stop();
    this.#afterMs = afterMs;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#onSilence();
    }, afterMs);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
