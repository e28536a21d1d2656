/** A turn of a scripted model that streams one message, as it is said, and as a client hears it. */

/** Characters of a delta. */
export const PIECE_LENGTH = 5;

/** Of a message of so many deltas; no two threads have the same text, and no two places in it. */
export function messageOf(thread: number, pieceCount: number): string {
  const pieces = Array.from(
    { length: pieceCount },
    (_, index) => `${thread % 10}${String(index).padStart(4, '.')}`,
  );
  return pieces.join('');
}

/** Milliseconds of this process. */
export class Moments {
  text = '';
  /** When the text of each delta was there. */
  readonly pieces: number[] = [];
  itemStarted = Number.NaN;
  itemCompleted = Number.NaN;
  turnEnded = Number.NaN;

  /** The message goes on. */
  add(text: string): void {
    this.text += text;
    const now = performance.now();
    while ((this.pieces.length + 1) * PIECE_LENGTH <= this.text.length) this.pieces.push(now);
  }

  /** The message is whole; its end repeats it. */
  complete(at: number, text: string): void {
    this.itemCompleted = at;
    if (text !== this.text) throw new Error(`lost or reordered: heard ${this.text}, completed ${text}`);
  }

  /** @throws {Error} when anything of it was lost or reordered */
  check(expected: string): void {
    if (this.text !== expected) throw new Error(`lost or reordered: heard ${this.text}, said ${expected}`);
    const moments = [this.itemStarted, ...this.pieces, this.itemCompleted, this.turnEnded];
    const isOrdered = moments.every((at, index) => at >= (moments[index - 1] ?? 0));
    if (!isOrdered) throw new Error(`reordered: ${moments.join()}`);
  }
}

/** How long after they were said the parts of a turn were heard, ms. */
export interface Delays {
  /** Start and end of the item, first delta and end of the turn. */
  readonly marks: readonly number[];
  /** Deltas but the first. */
  readonly pieces: readonly number[];
}

export function delaysOf(said: Moments, heard: Moments): Delays {
  const marks = [
    heard.itemStarted - said.itemStarted,
    (heard.pieces[0] ?? Number.NaN) - (said.pieces[0] ?? Number.NaN),
    heard.itemCompleted - said.itemCompleted,
    heard.turnEnded - said.turnEnded,
  ];
  const pieces = heard.pieces.slice(1).map((at, index) => at - (said.pieces[index + 1] ?? Number.NaN));
  return { marks, pieces };
}
