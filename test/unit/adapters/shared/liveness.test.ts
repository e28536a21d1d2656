import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Liveness } from '../../../../adapters/shared/liveness.ts';

/** A process that is asked things, with a clock of its own. */
class Asked {
  inFlightCount = 0;
  pingCount = 0;
  readonly liveness = new Liveness({
    ping: () => {
      this.pingCount += 1;
      this.ask();
    },
    isAsked: () => this.inFlightCount > 0,
  });

  ask(): void {
    this.inFlightCount += 1;
    this.liveness.asked();
  }

  answer(): void {
    this.inFlightCount -= 1;
    this.liveness.heard();
  }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate'] }));
afterEach(() => void vi.useRealTimers());

describe('the liveness of a process', () => {
  it('is in doubt when it says nothing to what it was asked, nor to whether it is there', async () => {
    const asked = new Asked();
    asked.ask();
    await vi.advanceTimersByTimeAsync(3999);
    expect(asked.pingCount).toBe(0);
    const verdict = asked.liveness.isSilent();
    await vi.advanceTimersByTimeAsync(1);
    expect(asked.pingCount).toBe(1);
    await vi.advanceTimersByTimeAsync(4001);
    expect(await verdict).toBe(true);
    expect(await asked.liveness.isSilent()).toBe(true);
  });

  it('is proven by any word, and in doubt again as long as answers are due', async () => {
    const asked = new Asked();
    asked.ask();
    await vi.advanceTimersByTimeAsync(7999);
    const verdict = asked.liveness.isSilent();
    asked.liveness.heard();
    expect(await verdict).toBe(false);
    await vi.advanceTimersByTimeAsync(7999);
    const next = asked.liveness.isSilent();
    await vi.advanceTimersByTimeAsync(2);
    expect(await next).toBe(true);
  });

  it('is not in doubt where nothing was asked, or all was answered', async () => {
    const asked = new Asked();
    expect(await asked.liveness.isSilent()).toBe(false);
    asked.ask();
    asked.answer();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await asked.liveness.isSilent()).toBe(false);
    expect(asked.pingCount).toBe(0);
  });

  it('is not judged while nobody reads, but from then on', async () => {
    const asked = new Asked();
    asked.ask();
    asked.liveness.setPaused(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await asked.liveness.isSilent()).toBe(false);
    asked.liveness.setPaused(false);
    const verdict = asked.liveness.isSilent();
    await vi.advanceTimersByTimeAsync(8001);
    expect(await verdict).toBe(true);
  });

  it('counts what came while nothing ran here', async () => {
    const asked = new Asked();
    asked.ask();
    await vi.advanceTimersByTimeAsync(4000);
    const verdict = asked.liveness.isSilent();
    // the bound is over, and what was said meanwhile is read now
    vi.advanceTimersByTime(4000);
    asked.answer();
    expect(await verdict).toBe(false);
  });

  it('is of no interest once it is gone', async () => {
    const asked = new Asked();
    asked.ask();
    const verdict = asked.liveness.isSilent();
    asked.liveness.close();
    expect(await verdict).toBe(false);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked.pingCount).toBe(0);
  });
});
