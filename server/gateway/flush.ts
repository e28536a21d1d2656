/**
 * What one commit sends to one client leaves in two writes at most, because a write costs more than the message that it
 * carries. The first message leaves at once: most clients get no more of a commit.
 */

/** Of a connection below its WebSocket: what is written in between leaves in one piece. */
export interface Wire {
  cork(): void;
  uncork(): void;
}

export class Flush {
  readonly #corked = new Set<Wire>();
  #count = 0;
  #isOpen = false;

  /** Of the flush that goes on; `null`: none does. */
  get current(): number | null {
    return this.#isOpen ? this.#count : null;
  }

  /** What is sent while `deliver` runs is on its way when it returns. */
  run(deliver: () => void): void {
    this.#isOpen = true;
    this.#count += 1;
    try {
      deliver();
    } finally {
      this.#isOpen = false;
      for (const wire of this.#corked) wire.uncork();
      this.#corked.clear();
    }
  }

  /** From now on what is written waits for the end of the flush that goes on. */
  join(wire: Wire): void {
    if (this.#corked.has(wire)) return;
    this.#corked.add(wire);
    wire.cork();
  }

  /** As much is held back as should be: what follows waits for the next write. */
  cut(wire: Wire): void {
    if (this.#corked.delete(wire)) wire.uncork();
  }
}
