/** What one commit sends to one client leaves in one write: a write costs more than the message that it carries. */

/** Of a connection below its WebSocket: what is written in between leaves in one piece. */
export interface Wire {
  cork(): void;
  uncork(): void;
}

export class Flush {
  readonly #corked = new Set<Wire>();
  #isOpen = false;

  /** What is sent while `deliver` runs is on its way when it returns. */
  run(deliver: () => void): void {
    this.#isOpen = true;
    try {
      deliver();
    } finally {
      this.#isOpen = false;
      for (const wire of this.#corked) wire.uncork();
      this.#corked.clear();
    }
  }

  /** Something is about to be written. */
  join(wire: Wire): void {
    if (!this.#isOpen || this.#corked.has(wire)) return;
    this.#corked.add(wire);
    wire.cork();
  }

  /** As much is held back as should be: what follows waits for the next write. */
  cut(wire: Wire): void {
    if (this.#corked.delete(wire)) wire.uncork();
  }
}
