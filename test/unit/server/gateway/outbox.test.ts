import { describe, expect, it } from 'vitest';
import { Acknowledgements } from '../../../../server/gateway/acknowledgements.ts';
import { Flush } from '../../../../server/gateway/flush.ts';
import { LIMITS } from '../../../../server/gateway/limits.ts';
import { Outbox } from '../../../../server/gateway/outbox.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** A socket that writes when it is told to, and the connection below it. */
class SlowSocket {
  bufferedAmount = 0;
  readonly pieces: string[] = [];
  #written: (() => void)[] = [];

  send(text: string, written: () => void): void {
    this.bufferedAmount += text.length;
    this.pieces.push(text);
    this.#written.push(written);
  }

  cork(): void {
    this.pieces.push('[');
  }

  uncork(): void {
    this.pieces.push(']');
  }

  drainTo(bytes: number): void {
    this.bufferedAmount = bytes;
    for (const written of this.#written.splice(0)) written();
  }
}

function slowOutbox() {
  const socket = new SlowSocket();
  const clock = { now: 0 };
  const overruns: number[] = [];
  const onOverrun = (): void => void overruns.push(clock.now);
  const flush = new Flush();
  const outbox = new Outbox(socket, {
    limits: LIMITS,
    now: () => clock.now,
    onOverrun,
    wire: socket,
    flush,
  });
  return { socket, clock, overruns, outbox, flush };
}

describe('an outbox', () => {
  it('writes at once what is sent outside of a flush', () => {
    const { socket, outbox } = slowOutbox();
    outbox.send('answer');
    expect(socket.pieces).toEqual(['answer']);
  });

  it('keeps what one flush sends after its first message together, and lets it go at its end', () => {
    const { socket, outbox, flush } = slowOutbox();
    flush.run(() => {
      outbox.send('one');
      outbox.send('two');
      outbox.send('three');
    });
    flush.run(() => outbox.send('four'));
    outbox.send('five');
    expect(socket.pieces).toEqual(['one', '[', 'two', 'three', ']', 'four', 'five']);
  });

  it('lets go what a flush has sent before it threw', () => {
    const { socket, outbox, flush } = slowOutbox();
    const broken = (): void => {
      outbox.send('one');
      outbox.send('two');
      throw new Error('broken');
    };
    expect(() => flush.run(broken)).toThrow('broken');
    expect(socket.pieces).toEqual(['one', '[', 'two', ']']);
  });

  it('writes in between where a flush sends more than 64 KiB, which must not count as lag', () => {
    const { socket, outbox, flush } = slowOutbox();
    const long = 'x'.repeat(LIMITS.writeBytes + 1);
    flush.run(() => {
      outbox.send('one');
      outbox.send(long);
      socket.drainTo(0);
      outbox.send('more');
    });
    expect(socket.pieces).toEqual(['one', '[', long, ']', '[', 'more', ']']);
  });

  it('lags above 1 MiB until it has drained to 256 KiB', () => {
    const { socket, outbox } = slowOutbox();
    outbox.send('x'.repeat(MIB));
    expect(outbox.isLagging).toBe(false);
    outbox.send('x');
    expect(outbox.isLagging).toBe(true);
    socket.drainTo(300 * KIB);
    expect(outbox.isLagging).toBe(true);
    socket.drainTo(256 * KIB);
    expect(outbox.isLagging).toBe(false);
  });

  it('is overrun above 8 MiB, once, and takes nothing more', () => {
    const { socket, overruns, outbox } = slowOutbox();
    for (let index = 0; index < 8; index += 1) outbox.send('x'.repeat(MIB));
    expect(overruns).toEqual([]);
    outbox.send('x');
    outbox.send('x');
    outbox.observe();
    expect(overruns).toEqual([0]);
    expect(socket.bufferedAmount).toBe(8 * MIB + 1);
  });

  it('is overrun after more than 30 s, and not if it drained in between', () => {
    const { socket, clock, overruns, outbox } = slowOutbox();
    outbox.send('x'.repeat(2 * MIB));
    clock.now = 20_000;
    socket.drainTo(0);
    outbox.send('x'.repeat(2 * MIB));
    clock.now = 50_000;
    outbox.observe();
    expect(overruns).toEqual([]);
    clock.now = 50_001;
    outbox.observe();
    expect(overruns).toEqual([50_001]);
  });

  it('calls back once when everything is written', () => {
    const { socket, outbox } = slowOutbox();
    const calls: string[] = [];
    outbox.send('x'.repeat(MIB));
    outbox.whenClear(() => calls.push('clear'));
    outbox.whenWritten(() => calls.push('written'));
    socket.drainTo(300 * KIB);
    expect(calls).toEqual([]);
    outbox.send('x');
    socket.drainTo(200 * KIB);
    expect(calls).toEqual(['written']);
    outbox.send('x');
    socket.drainTo(0);
    outbox.observe();
    expect(calls).toEqual(['written', 'clear']);
  });

  it('counts what is not acknowledged, and does not wait with requests for it', () => {
    const { outbox } = slowOutbox();
    outbox.addUnacknowledged(MIB + 1);
    expect([outbox.isLagging, outbox.isClear, outbox.isWritten]).toEqual([true, false, true]);
    outbox.addUnacknowledged(-MIB);
    expect([outbox.isLagging, outbox.isClear]).toEqual([false, true]);
  });
});

describe('acknowledgements', () => {
  it('count from the first one on', () => {
    const { outbox } = slowOutbox();
    const acknowledgements = new Acknowledgements(outbox);
    acknowledgements.sent(1, 5_000);
    expect(outbox.behindBytes).toBe(0);
    acknowledgements.acknowledge(1);
    for (let sequence = 2; sequence <= 5; sequence += 1) acknowledgements.sent(sequence, 5_000);
    expect(outbox.behindBytes).toBe(20_000);
    acknowledgements.acknowledge(3);
    expect(outbox.behindBytes).toBe(10_000);
    acknowledgements.acknowledge(2);
    expect(outbox.behindBytes).toBe(10_000);
    acknowledgements.acknowledge(99);
    expect(outbox.behindBytes).toBe(0);
  });

  it('are kept together in marks of 4 KiB, and given back at the end', () => {
    const { outbox } = slowOutbox();
    const acknowledgements = new Acknowledgements(outbox);
    acknowledgements.acknowledge(0);
    for (let sequence = 1; sequence <= 100; sequence += 1) acknowledgements.sent(sequence, 100);
    acknowledgements.acknowledge(50);
    expect(outbox.behindBytes).toBe(6_000);
    acknowledgements.end();
    expect(outbox.behindBytes).toBe(0);
    acknowledgements.sent(101, 100);
    expect(outbox.behindBytes).toBe(0);
  });
});
