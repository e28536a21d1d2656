/** A parent says of its sub-agent a few frames later, at most. */
const MOST_THREAD_COUNT = 16;
const MOST_HELD_COUNT = 1_000;

interface Held {
  readonly take: () => void;
  readonly giveUp: () => void;
}

/**
 * Frames of a sub-agent that came before anybody said whose it is: codex 0.169.0 under load begins its turn before it
 * completes the item that names it. They wait from the beginning of a turn on, until its thread is claimed.
 */
export class UnclaimedFrames {
  /** By thread of codex, oldest first. */
  readonly #held = new Map<string, Held[]>();

  /** `true`: the frame is taken later, or given up. `isStart`: it says that a turn has begun. */
  hold(nativeThreadId: string, isStart: boolean, frame: Held): boolean {
    const held = this.#held.get(nativeThreadId);
    if (held === undefined && !isStart) return false;
    if (held === undefined) this.#held.set(nativeThreadId, [frame]);
    else held.push(frame);
    if ((held?.length ?? 0) > MOST_HELD_COUNT) this.#giveUp(nativeThreadId);
    const [oldest] = this.#held.keys();
    if (this.#held.size > MOST_THREAD_COUNT && oldest !== undefined) this.#giveUp(oldest);
    return true;
  }

  /** Its frames have a place from now on. */
  claim(nativeThreadId: string): void {
    const held = this.#held.get(nativeThreadId) ?? [];
    this.#held.delete(nativeThreadId);
    for (const { take } of held) take();
  }

  /** Nobody claims it. */
  #giveUp(nativeThreadId: string): void {
    const held = this.#held.get(nativeThreadId) ?? [];
    this.#held.delete(nativeThreadId);
    for (const { giveUp } of held) giveUp();
  }
}
