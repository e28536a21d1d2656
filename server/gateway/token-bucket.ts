/** Requests per second of one socket. */
export interface BucketOptions {
  readonly ratePerSecond: number;
  readonly burstCount: number;
  /** Monotonic, in ms. */
  readonly now: () => number;
}

/** `refused`: too fast. `abused`: as many refusals as the burst on top; whoever does that does not listen. */
export type Take = 'taken' | 'refused' | 'abused';

/** Refusals cost too: what is asked in vain is paid back before anything is taken again. */
export class TokenBucket {
  readonly #options: BucketOptions;
  #tokens: number;
  #filledAt: number;

  constructor(options: BucketOptions) {
    this.#options = options;
    this.#tokens = options.burstCount;
    this.#filledAt = options.now();
  }

  take(): Take {
    const { ratePerSecond, burstCount, now } = this.#options;
    const at = now();
    const filled = this.#tokens + ((at - this.#filledAt) / 1_000) * ratePerSecond;
    this.#tokens = Math.min(burstCount, filled) - 1;
    this.#filledAt = at;
    if (this.#tokens >= 0) return 'taken';
    return this.#tokens > -burstCount ? 'refused' : 'abused';
  }
}
