/** The two fault points of the SQLite journal as one switch: the next commit fails where `next` says. */
export class PlannedFaults {
  next: 'before' | 'after' | null = null;

  readonly beforeCommit = (): void => this.#failAt('before');
  readonly afterCommit = (): void => this.#failAt('after');

  #failAt(where: 'before' | 'after'): void {
    if (this.next !== where) return;
    this.next = null;
    throw new Error(`planned: ${where} the commit`);
  }
}
