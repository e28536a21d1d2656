/** A place in a reply where the model waits for the test. Once released it stays open. */
export class Gate {
  readonly #arrival = Promise.withResolvers<void>();
  readonly #opening = Promise.withResolvers<void>();

  /** Resolves when a reply first gets here. */
  get reached(): Promise<void> {
    return this.#arrival.promise;
  }

  release(): void {
    this.#opening.resolve();
  }

  /** The reply's side: reports the arrival and waits for the release. */
  async pass(): Promise<void> {
    this.#arrival.resolve();
    await this.#opening.promise;
  }
}

/** Gates by name, made when either side first asks. */
export class Gates {
  readonly #byName = new Map<string, Gate>();
  #allOpen = false;

  get(name: string): Gate {
    const known = this.#byName.get(name);
    if (known) return known;
    const gate = new Gate();
    if (this.#allOpen) gate.release();
    this.#byName.set(name, gate);
    return gate;
  }

  /** Opens every gate, also those that nobody has asked for yet. */
  releaseAll(): void {
    this.#allOpen = true;
    for (const gate of this.#byName.values()) gate.release();
  }
}
