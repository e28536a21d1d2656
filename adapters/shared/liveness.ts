/** Nothing has been heard for so long since something was asked: then it is asked whether it is there. */
const PING_AFTER_MS = 4000;
/** And so long without a word after that: it answers nobody. */
const SILENT_AFTER_MS = 4000;

interface LivenessParts {
  /** Asks what is answered at once by whoever is there. */
  ping(): void;
  /** Whether an answer is still due. */
  isAsked(): boolean;
}

/**
 * Whether a process that was asked something says anything at all. A request alone does not tell: it may be slow, or lost,
 * in a process that serves others well.
 */
export class Liveness {
  readonly #parts: LivenessParts;
  readonly #waiting: ((isSilent: boolean) => void)[] = [];
  #timer: NodeJS.Timeout | null = null;
  #isSilent = false;
  #isPaused = false;

  constructor(parts: LivenessParts) {
    this.#parts = parts;
  }

  /** Something was sent that has an answer. */
  asked(): void {
    if (this.#timer !== null || this.#isSilent || this.#isPaused) return;
    this.#after(PING_AFTER_MS, () => {
      this.#after(SILENT_AFTER_MS, () => this.#judge());
      this.#parts.ping();
    });
  }

  heard(): void {
    this.#stop(false);
    if (this.#parts.isAsked()) this.asked();
  }

  /** What is not read cannot be heard. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.heard();
  }

  /** For whoever has waited in vain: resolves with the next word, or when there was none for too long. */
  isSilent(): Promise<boolean> {
    if (this.#timer === null) return Promise.resolve(this.#isSilent);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.push(resolve);
    return promise;
  }

  /** It is gone, and nobody need wait for it. */
  close(): void {
    this.#stop(false);
  }

  #judge(): void {
    const timer = this.#timer;
    // after a time in which nothing ran here, what was said meanwhile is read first
    setImmediate(() => {
      if (timer !== null && this.#timer === timer) this.#stop(true);
    });
  }

  #after(delayMs: number, then: () => void): void {
    this.#timer = setTimeout(then, delayMs);
    this.#timer.unref();
  }

  #stop(isSilent: boolean): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#isSilent = isSilent;
    for (const resolve of this.#waiting.splice(0)) resolve(isSilent);
  }
}
