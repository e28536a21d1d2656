/** Draws once for many changes: the last of them counts. A hidden tab draws when it is shown again. */
export class OnNextFrame {
  #job: (() => void) | null = null;

  run(job: () => void): void {
    if (this.#job === null) requestAnimationFrame(() => this.#flush());
    this.#job = job;
  }

  cancel(): void {
    this.#job = () => undefined;
  }

  #flush(): void {
    const job = this.#job;
    this.#job = null;
    job?.();
  }
}
