/** Every way of choosing, one run after the other: a run asks, the next one answers the last question otherwise. */
export class Choices {
  #path: { chosen: number; readonly count: number }[] = [];
  #position = 0;

  /** A number below `count`; the first run takes 0 everywhere. */
  choose(count: number): number {
    if (count <= 1) return 0;
    const known = this.#path[this.#position];
    if (known === undefined) this.#path.push({ chosen: 0, count });
    else if (known.count !== count) throw new Error('a run that is repeated took another way');
    this.#position += 1;
    return known?.chosen ?? 0;
  }

  /** Gets ready for the next run; `false`: all ways have been gone. */
  next(): boolean {
    this.#position = 0;
    while (this.#path.length > 0) {
      const last = this.#path.at(-1);
      if (last !== undefined && last.chosen + 1 < last.count) {
        last.chosen += 1;
        return true;
      }
      this.#path.pop();
    }
    return false;
  }
}
