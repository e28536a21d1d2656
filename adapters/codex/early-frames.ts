import type { Session } from './sessions.ts';

/** Between the start of a turn and the answer to its prompt stand some ten frames. */
const MOST_HELD_COUNT = 1_000;

/**
 * Frames that came too early: codex 0.169.0 under load says that a turn has begun before it answers the prompt, and only the
 * answer says whose turn it is. They wait for it, with everything that comes after them.
 */
export class EarlyFrames {
  /** By session whose prompt has no answer yet. */
  readonly #waiting = new Map<Session, (() => void)[]>();

  /** A prompt is sent. */
  expect(session: Session): void {
    this.#waiting.set(session, []);
  }

  /** `true`: the frame is taken later. `isStart`: it says that a turn has begun. */
  hold(session: Session, isStart: boolean, take: () => void): boolean {
    const waiting = this.#waiting.get(session);
    if (waiting === undefined || (waiting.length === 0 && !isStart)) return false;
    waiting.push(take);
    // the answer does not come: what follows is taken for a turn of codex's own
    if (waiting.length >= MOST_HELD_COUNT) this.release(session);
    return true;
  }

  /** The prompt's answer has been told of, or none will come. */
  release(session: Session): void {
    const waiting = this.#waiting.get(session) ?? [];
    this.#waiting.delete(session);
    for (const take of waiting) take();
  }
}
