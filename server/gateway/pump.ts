/** Work for clients that is not due at once (answers, snapshots, backlogs), in slices, so that no client holds the loop. */

/** A piece of work at a time. */
export interface Work {
  /** @returns whether there is more to do now */
  step(): boolean;
  /** `step` threw: whoever waits for the work has to be told. */
  fail(error: unknown): void;
}

export interface PumpOptions {
  /** Longest work in one turn of the event loop, ms. */
  readonly sliceMs: number;
  /** Monotonic, in ms. */
  readonly now: () => number;
}

/** Round robin over whoever has work. */
export class Pump {
  readonly #options: PumpOptions;
  readonly #ready = new Set<Work>();
  #next: NodeJS.Immediate | null = null;

  constructor(options: PumpOptions) {
    this.#options = options;
  }

  add(work: Work): void {
    this.#ready.add(work);
    this.#next ??= setImmediate(this.#run);
  }

  remove(work: Work): void {
    this.#ready.delete(work);
  }

  close(): void {
    this.#ready.clear();
    if (this.#next !== null) clearImmediate(this.#next);
    this.#next = null;
  }

  #step(work: Work): boolean {
    try {
      return work.step();
    } catch (error) {
      work.fail(error);
      return false;
    }
  }

  readonly #run = (): void => {
    this.#next = null;
    const endsAt = this.#options.now() + this.#options.sliceMs;
    // a set visits what is added while it is walked: whoever has more to do comes again at the end
    for (const work of this.#ready) {
      this.#ready.delete(work);
      if (this.#step(work)) this.#ready.add(work);
      if (this.#options.now() >= endsAt) break;
    }
    if (this.#ready.size > 0) this.#next ??= setImmediate(this.#run);
  };
}
