import { describe, expect, it } from 'vitest';
import { Tape, type TapeOptions } from '../../../../adapters/replay/tape.ts';
import { instanceIdSchema } from '../../../../machines/domain/ids.ts';
import type { Recording, RecordingLine } from '../../../../machines/domain/recording.ts';
import type { HostedProcess, ProcessExit } from '../../../../machines/ports/process-host.ts';
import { TestClock } from '../../../helpers/test-clock.ts';
import { inLine, outLine, recordingOf, spawnLine, TINY_PROTOCOL } from '../../../helpers/tiny-recording.ts';

const SPEC = { instanceId: instanceIdSchema.parse('tiny'), command: 'tiny', args: [], env: {} };
const THREAD = '00000000-0000-7000-8000-000000000001';

/** A process of a tape, with what it says and when. */
class Listener {
  readonly clock = new TestClock();
  readonly tape: Tape;
  readonly process: HostedProcess;
  readonly heard: { atMs: number; frame: Record<string, unknown> }[] = [];
  readonly errors: string[] = [];
  readonly exits: { exit: ProcessExit; error: Error | null }[] = [];
  readonly otherAnswers: string[] = [];
  branch: Recording | null = null;

  constructor(recording: Recording, options: Partial<TapeOptions> = {}) {
    this.tape = new Tape(recording, {
      protocol: TINY_PROTOCOL,
      clock: this.clock,
      scale: 1,
      events: {
        onOtherAnswer: () => void this.otherAnswers.push('other'),
        onBranch: (branch) => void (this.branch = branch),
      },
      ...options,
    });
    this.process = this.spawn();
    this.pass(0);
  }

  spawn(): HostedProcess {
    return this.tape.spawn(SPEC, {
      onStdout: (bytes) => {
        const frame = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
        this.heard.push({ atMs: this.clock.monotonic(), frame });
      },
      onStderr: (bytes) => void this.errors.push(Buffer.from(bytes).toString()),
      onExit: (exit, error) => void this.exits.push({ exit, error }),
    });
  }

  write(frame: unknown): this {
    this.process.write(`${JSON.stringify(frame)}\n`);
    return this;
  }

  pass(ms: number): this {
    this.clock.advance(ms);
    return this;
  }

  get frames() {
    return this.heard.map(({ frame }) => frame);
  }
}

describe('a tape in time', () => {
  const recording = recordingOf(
    spawnLine(100),
    inLine(110, { method: 'hello' }),
    outLine(500, { id: 1, method: 'go' }),
    inLine(530, { id: 1, result: 'begun' }),
    inLine(590, { method: 'text' }),
  );

  it('says what was said at the recorded distances, and waits where it was written', () => {
    const listener = new Listener(recording).pass(9);
    expect(listener.heard).toEqual([]);
    listener.pass(1);
    expect(listener.frames).toEqual([{ method: 'hello' }]);
    listener.pass(100_000);
    expect(listener.heard).toHaveLength(1);
    listener.write({ id: 1, method: 'go' }).pass(30);
    expect(listener.heard.at(-1)).toEqual({ atMs: 100_040, frame: { id: 1, result: 'begun' } });
    listener.pass(60);
    expect(listener.heard.at(-1)).toEqual({ atMs: 100_100, frame: { method: 'text' } });
    expect(listener.tape.next).toBeNull();
  });

  it.each([
    [0.1, 9],
    [2, 180],
    [0, 0],
  ])('takes time × %d', (scale, atMs) => {
    const listener = new Listener(recording, { scale });
    listener.pass(10 * scale).write({ id: 1, method: 'go' });
    listener.pass(90 * scale);
    expect(listener.heard.map((each) => each.atMs).at(-1)).toBe(10 * scale + atMs);
    expect(listener.tape.next).toBeNull();
  });

  it('says nothing while it is paused', () => {
    const listener = new Listener(recording);
    listener.process.pause();
    listener.pass(1000);
    expect(listener.heard).toEqual([]);
    listener.process.resume();
    listener.pass(10);
    expect(listener.frames).toEqual([{ method: 'hello' }]);
  });

  it('ends when it is asked to, and says nothing more', async () => {
    const listener = new Listener(recording);
    const ended = listener.process.end();
    listener.pass(1000);
    await ended;
    expect(listener.heard).toEqual([]);
    expect(listener.exits).toEqual([{ exit: { code: 0, signal: null }, error: null }]);
    expect(listener.process.write('{}\n')).toBe(false);
  });

  it('exits as it was recorded, and knows no further process', () => {
    const crash = recordingOf(
      spawnLine(),
      { kind: 'err', atMs: 5, process: 1, text: 'panic' },
      { kind: 'exit', atMs: 7, process: 1, code: null, signal: 'SIGKILL' },
    );
    const listener = new Listener(crash).pass(7);
    expect(listener.errors).toEqual(['panic']);
    expect(listener.exits).toEqual([{ exit: { code: null, signal: 'SIGKILL' }, error: null }]);
    listener.spawn();
    listener.pass(0);
    expect(listener.exits[1]?.error?.message).toContain('no further process');
  });
});

describe('what is written to a tape', () => {
  it('is known by its method, and the answer comes under its own id', () => {
    const listener = new Listener(
      recordingOf(
        spawnLine(),
        outLine(1, { id: 1, method: 'read', params: { of: 'then' } }),
        outLine(1, { id: 2, method: 'list' }),
        inLine(2, { id: 2, result: 'listed' }),
        inLine(2, { id: 1, result: 'read' }),
      ),
    );
    // the other way round, and with other ids
    listener.write({ id: 'a', method: 'list' }).write({ id: 'b', method: 'read', params: { of: 'now' } });
    listener.pass(1);
    expect(listener.frames).toEqual([
      { id: 'a', result: 'listed' },
      { id: 'b', result: 'read' },
    ]);
    expect(listener.tape.unexpected).toEqual([]);
  });

  it('is refused where the recording has nothing like it, and the rest goes on', () => {
    const listener = new Listener(recordingOf(spawnLine(), inLine(10, { method: 'text' })));
    listener.write({ id: 7, method: 'steer' }).pass(10);
    expect(listener.frames).toEqual([
      { id: 7, error: { code: -32_000, message: expect.stringContaining('this is a recording') } },
      { method: 'text' },
    ]);
    expect(listener.tape.unexpected).toEqual(['steer']);
  });

  it('is refused as a prompt when the recording is over', () => {
    const listener = new Listener(recordingOf(spawnLine(), outLine(1, { id: 1, method: 'go' })));
    expect(listener.tape.hasTurn).toBe(true);
    listener.write({ id: 1, method: 'go' }).write({ id: 2, method: 'go' }).pass(0);
    expect(listener.tape.hasTurn).toBe(false);
    expect(JSON.stringify(listener.frames)).toContain('the recording is over');
  });

  it('leaves out the rest of a turn that was ended otherwise, and plays the next', () => {
    const recording = recordingOf(
      spawnLine(),
      outLine(1, { id: 1, method: 'go' }),
      inLine(2, { method: 'text', params: 1 }),
      outLine(3, { id: 2, method: 'go' }),
      inLine(4, { method: 'text', params: 2 }),
    );
    const listener = new Listener(recording, {
      protocol: {
        ...TINY_PROTOCOL,
        improvise: () => ({ frames: [{ method: 'interrupted' }], endsTurn: true }),
      },
    });
    listener.write({ id: 1, method: 'go' }).write({ id: 2, method: 'interrupt' }).pass(1000);
    expect(listener.frames).toEqual([{ method: 'interrupted' }]);
    listener.write({ id: 3, method: 'go' }).pass(1);
    expect(listener.frames.at(-1)).toEqual({ method: 'text', params: 2 });
  });

  it('does not match what belongs to a later turn', () => {
    const listener = new Listener(
      recordingOf(spawnLine(), outLine(1, { id: 1, method: 'go' }), outLine(2, { id: 2, method: 'clean' })),
    );
    listener.write({ id: 1, method: 'clean' }).pass(0);
    expect(listener.tape.unexpected).toEqual(['clean']);
  });
});

describe('what a tape says', () => {
  const recording = recordingOf(
    spawnLine(),
    outLine(1, {
      id: 1,
      method: 'go',
      params: { messageId: 'm-then', cwd: '/workspace', text: 'as it was' },
    }),
    inLine(1, { method: 'text', params: { threadId: THREAD, messageId: 'm-then', path: '/workspace/a' } }),
    inLine(1, { method: 'text', params: { '/workspace/b': 'as it was' } }),
  );
  const prompt = { id: 1, method: 'go', params: { messageId: 'm-now', cwd: '/home/me', text: 'as it is' } };

  it('has the ids, the folder and the words of the prompt of now', () => {
    const listener = new Listener(recording, { workspace: '/home/me' }).write(prompt).pass(0);
    expect(listener.frames).toEqual([
      { method: 'text', params: { threadId: THREAD, messageId: 'm-now', path: '/home/me/a' } },
      { method: 'text', params: { '/home/me/b': 'as it is' } },
    ]);
  });

  it('has native ids of its own', () => {
    const ids = [1, 2].map((salt) => {
      const listener = new Listener(recording, { salt }).write(prompt).pass(0);
      return Reflect.get(Object(listener.frames[0]?.['params']), 'threadId');
    });
    expect(new Set([THREAD, ...ids]).size).toBe(3);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-0000-7000-8000-000000000001$/);
  });
});

describe('branches', () => {
  const branch = (decision: string, end: string, asked = 'rm') =>
    recordingOf(
      spawnLine(),
      outLine(1, { id: 1, method: 'go' }),
      inLine(2, { id: 0, method: 'may', params: { threadId: THREAD, command: asked, at: Math.random() } }),
      inLine(5, { method: 'status' }),
      outLine(9, { id: 0, result: { decision } }),
      inLine(10, { method: end }),
    );
  const accepted = branch('accept', 'done');
  const declined = branch('decline', 'left');
  const other = branch('cancel', 'stopped', 'ls');

  const answered = (decision: string, afterMs = 100): Listener => {
    const listener = new Listener(accepted, { siblings: [other, declined], salt: 7 });
    listener.write({ id: 1, method: 'go' }).pass(1).pass(afterMs);
    return listener.write({ id: 0, result: { decision } }).pass(100);
  };

  it('goes on as it was recorded for the recorded answer', () => {
    const { frames, branch: taken, otherAnswers } = answered('accept');
    expect(frames.map(({ method }) => method)).toEqual(['may', 'status', 'done']);
    expect([taken, otherAnswers]).toEqual([null, []]);
  });

  it('goes on in the recording that has the answer', () => {
    const { frames, branch: taken, otherAnswers } = answered('decline');
    expect(frames.map(({ method }) => method)).toEqual(['may', 'status', 'left']);
    expect([taken, otherAnswers]).toEqual([declined, []]);
  });

  it('leaves out nothing that comes before the answer, however quick that is', () => {
    expect(answered('decline', 0).frames.map(({ method }) => method)).toEqual(['may', 'status', 'left']);
  });

  it('says so where none has it, and goes on as it was recorded', () => {
    // the one with this answer was asked something else
    const { frames, branch: taken, otherAnswers } = answered('cancel');
    expect(frames.map(({ method }) => method)).toEqual(['may', 'status', 'done']);
    expect([taken, otherAnswers]).toEqual([null, ['other']]);
  });
});

describe('ids that the adapter makes', () => {
  const OWN = '11111111-2222-4333-8444-555555555555';
  const spawned: RecordingLine = {
    kind: 'spawn',
    atMs: 0,
    process: 1,
    command: 'tiny',
    args: [`--id=${THREAD}`],
  };
  const SAID = inLine(10, { method: 'session', params: { id: THREAD } });

  it('are put into what is heard, also where they stand in its arguments', () => {
    const clock = new TestClock();
    const tape = new Tape(recordingOf(spawned, SAID), { protocol: TINY_PROTOCOL, clock, scale: 1 });
    const heard: string[] = [];
    tape.spawn(
      { args: [`--id=${OWN}`] },
      {
        onStdout: (bytes) => void heard.push(Buffer.from(bytes).toString()),
        onStderr: () => {},
        onExit: () => {},
      },
    );
    clock.advance(20);
    expect(heard.join('')).toContain(OWN);
    expect(heard.join('')).not.toContain(THREAD);
  });

  it('are known in an answer to a request that has another id than it had', () => {
    const asked = inLine(0, { id: THREAD, method: 'may', params: {} });
    const said = outLine(1, { id: THREAD, result: {} });
    const listener = new Listener(recordingOf(spawnLine(), asked, said), { salt: 7 });
    const [frame] = listener.frames;
    expect(frame?.['id']).not.toBe(THREAD);
    listener.write({ id: frame?.['id'], result: {} });
    expect([listener.tape.unexpected, listener.tape.next, listener.otherAnswers]).toEqual([[], null, []]);
  });
});
