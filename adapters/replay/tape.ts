import { isDeepStrictEqual } from 'node:util';
import { RECORDED_WORKSPACE, type Recording, type RecordingLine } from '../../machines/domain/recording.ts';
import type {
  HostedProcess,
  ProcessEvents,
  ProcessHost,
  ProcessSpec,
} from '../../machines/ports/process-host.ts';
import type { FrameShape, PlaybackProtocol } from '../../machines/ports/provider.ts';
import { branchFor, isSameShape } from './branches.ts';
import { frameIn, frameOf, type Pipe } from './frames.ts';
import { PlayedProcess } from './played-process.ts';
import { differingStrings, differingUuids, mapStrings, salted } from './strings.ts';

/** Time as a playback has it; given, so that tests own it. */
export interface PlaybackClock {
  after(ms: number, call: () => void): () => void;
}

export const playbackClock: PlaybackClock = {
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

/** Where the playback goes another way than the recording. */
export interface TapeEvents {
  /** The adapter wrote something that the recording does not have. */
  onUnexpected?(shape: FrameShape): void;
  /** The answer that was recorded is another one, and no other recording of the scenario has this one. */
  onOtherAnswer?(): void;
  /** Another recording of the scenario goes on from here: it has the answer that was given. */
  onBranch?(recording: Recording): void;
}

export interface TapeOptions {
  readonly protocol: PlaybackProtocol;
  readonly clock: PlaybackClock;
  /** Recorded times are multiplied by it; 0: as fast as it goes. */
  readonly scale: number;
  /** Other recordings of the same scenario. */
  readonly siblings?: readonly Recording[];
  /** Makes native ids differ from those of other playbacks; default 0: as they were recorded. */
  readonly salt?: number;
  /** What takes the place of the recorded workspace; default: it stays. */
  readonly workspace?: string;
  /** Stop at what clients asked for, until it is taken; default: the real user asks. */
  readonly stopsAtCommands?: boolean;
  readonly events?: TapeEvents;
}

/** A place at which a playback waits for whoever drives it. */
export type Stop = Extract<RecordingLine, { kind: 'command' | 'server' }>;

const NO_PROCESS = {
  code: null,
  signal: null,
  error: { message: 'the recording has no further process' },
};
const WHY_OVER = 'the recording is over: it has no further turn';
const WHY_UNEXPECTED = 'this is a recording, and has nothing like it at this place';

/**
 * Plays a recording to the processes that an adapter starts: what came from the provider comes again, at the recorded
 * distances, and what we wrote is waited for.
 */
export class Tape implements ProcessHost {
  readonly #options: TapeOptions;
  #recording: Recording;
  /** Everything before it has been played. */
  #at = 0;
  #lastAtMs = 0;
  /** Lines of ours that were written before their turn came, and the one that is due. */
  readonly #written = new Set<number>();
  readonly #processes: PlayedProcess[] = [];
  /** Recorded id of a request of ours → the id that it has now. */
  readonly #ids = new Map<FrameShape['id'], FrameShape['id']>();
  /** Recorded string → what stands in its place now. */
  readonly #replaced = new Map<string, string>();
  #cancel: (() => void) | null = null;
  /** Of the latest prompt that was written. */
  #promptId: FrameShape['id'] = null;
  #isPaused = false;
  /** What was written and is not in the recording. */
  readonly unexpected: string[] = [];

  constructor(recording: Recording, options: TapeOptions) {
    this.#recording = recording;
    this.#options = options;
  }

  spawn({ args }: Pick<ProcessSpec, 'args'>, events: ProcessEvents): HostedProcess {
    const process = new PlayedProcess(events, {
      take: (line) => this.#take(number, line),
      ended: () => this.#advance(),
      setPaused: (isPaused) => this.#setPaused(isPaused),
    });
    const number = this.#processes.push(process);
    const recorded = this.#lines.find((line) => line.kind === 'spawn' && line.process === number);
    if (recorded?.kind !== 'spawn') this.#options.clock.after(0, () => process.exit(NO_PROCESS));
    else for (const [was, is] of differingUuids(recorded.args, args)) this.#replaced.set(was, is);
    // nothing comes before whoever started it holds it
    this.#options.clock.after(0, () => this.#advance());
    return process;
  }

  /** The line that has to happen next; `null`: the recording has been played to its end. */
  get next(): RecordingLine | null {
    return this.#lines[this.#at] ?? null;
  }

  /** Where it waits for whoever drives it. */
  get stop(): Stop | null {
    const { next } = this;
    return next !== null && this.#isStop(next) ? next : null;
  }

  /** The stop was acted on. */
  goOn(): void {
    if (this.stop === null) return;
    this.#pass();
    this.#advance();
  }

  /** A prompt would still be answered. */
  get hasTurn(): boolean {
    return this.#nextPrompt() !== null;
  }

  get recording(): Recording {
    return this.#recording;
  }

  get #lines(): readonly RecordingLine[] {
    return this.#recording.lines;
  }

  #isStop(line: RecordingLine): line is Stop {
    return this.#options.stopsAtCommands === true && (line.kind === 'command' || line.kind === 'server');
  }

  #setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!isPaused) this.#advance();
  }

  /** Plays on until something has to be waited for. */
  #advance(): void {
    while (this.#cancel === null && !this.#isPaused) {
      const line = this.next;
      if (line === null || this.#waitsFor(line)) return;
      if ((line.kind === 'in' || line.kind === 'exit') && !this.#isEnded(line.process)) {
        const gapMs = Math.max(0, line.atMs - this.#lastAtMs) * this.#options.scale;
        this.#cancel = this.#options.clock.after(gapMs, () => this.#deliver(line));
        return;
      }
      if (line.kind === 'err') this.#processes[line.process - 1]?.sayOnStderr(line.text);
      this.#pass();
    }
  }

  #waitsFor(line: RecordingLine): boolean {
    switch (line.kind) {
      case 'spawn':
        return this.#processes[line.process - 1] === undefined;
      case 'out':
        return !this.#written.has(this.#at) && !this.#isEnded(line.process);
      case 'stop':
        return !this.#isEnded(line.process);
      default:
        return this.#isStop(line);
    }
  }

  #isEnded(process: number): boolean {
    return this.#processes[process - 1]?.isEnded ?? false;
  }

  #pass(): void {
    const line = this.next;
    if (line !== null && 'atMs' in line) this.#lastAtMs = line.atMs;
    this.#at += 1;
  }

  #deliver(line: RecordingLine): void {
    this.#cancel = null;
    if (this.#isPaused) return;
    this.#pass();
    if (line.kind === 'in') this.#processes[line.process - 1]?.say(this.#textOf(line));
    else if (line.kind === 'exit') this.#processes[line.process - 1]?.exit(line);
    this.#advance();
  }

  /** What the adapter is to hear: its own ids, its own folder. */
  #textOf(line: Pipe): string {
    const frame = frameIn(line);
    if (typeof frame === 'string') return frame;
    const { protocol, salt = 0, workspace = RECORDED_WORKSPACE } = this.#options;
    const mapped = (text: string): string =>
      salted(
        text.replaceAll(RECORDED_WORKSPACE, () => workspace),
        salt,
      );
    const heard = mapStrings(frame, (text) => this.#replaced.get(text) ?? mapped(text), mapped);
    const { kind, id } = protocol.shapeOf(frame);
    const known = kind === 'answer' ? this.#ids.get(id) : undefined;
    return JSON.stringify(known === undefined ? heard : protocol.withId(heard, known));
  }

  #take(process: number, text: string): void {
    const frame = frameOf(text);
    const shape = this.#shapeOf(frame);
    const index = this.#indexOf(process, shape);
    if (shape.kind === 'prompt' && index !== null) this.#promptId = shape.id;
    if (index === null) return this.#improvise(process, frame, shape);
    const recorded = frameIn(this.#lines[index]);
    if (shape.kind === 'prompt') this.#begin(index, differingStrings(recorded, frame));
    if (shape.kind === 'prompt' || shape.kind === 'request') {
      this.#ids.set(this.#options.protocol.shapeOf(recorded).id, shape.id);
    }
    this.#written.add(index);
    if (shape.kind === 'answer') this.#compare(index, this.#recordedFormOf(frame));
    this.#advance();
  }

  /** An answer names a request of the recording, which knows it by the id that it had there. */
  #shapeOf(frame: unknown): FrameShape {
    const { protocol } = this.#options;
    const shape = protocol.shapeOf(frame);
    return shape.kind === 'answer' ? protocol.shapeOf(this.#recordedFormOf(frame)) : shape;
  }

  /** The line of ours that this is: of the turn that is under way, or the prompt of the next. */
  #indexOf(process: number, shape: FrameShape): number | null {
    for (let index = this.#at; index < this.#lines.length; index += 1) {
      const line = this.#lines[index];
      if (line?.kind !== 'out' || line.process !== process || this.#written.has(index)) continue;
      const recorded = this.#options.protocol.shapeOf(frameIn(line));
      if (isSameShape(recorded, shape)) return index;
      if (recorded.kind === 'prompt') return null;
    }
    return null;
  }

  /** A prompt leaves behind what was never written of the turn before. */
  #begin(index: number, differing: readonly (readonly [string, string])[]): void {
    for (const [was, is] of differing) this.#replaced.set(was, is);
    const isLeft = this.#lines
      .slice(this.#at, index)
      .some(({ kind }, offset) => kind === 'out' && !this.#written.has(this.#at + offset));
    if (isLeft) this.#jump(index);
  }

  #jump(index: number): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#at = index;
    const before = this.#lines[index - 1];
    if (before !== undefined && 'atMs' in before) this.#lastAtMs = before.atMs;
  }

  #improvise(process: number, frame: unknown, shape: FrameShape): void {
    const { protocol, events } = this.#options;
    this.unexpected.push(shape.kind === 'answer' ? `an answer to ${shape.id}` : shape.name);
    events?.onUnexpected?.(shape);
    const why = shape.kind === 'prompt' && !this.hasTurn ? WHY_OVER : WHY_UNEXPECTED;
    const { frames, endsTurn } = protocol.improvise(frame, why, this.#promptId);
    if (endsTurn) this.#jump(this.#nextPrompt() ?? this.#lines.length);
    // not before the write has returned
    this.#options.clock.after(0, () => {
      for (const each of frames) this.#processes[process - 1]?.say(JSON.stringify(each));
      this.#advance();
    });
  }

  #nextPrompt(): number | null {
    for (let index = this.#at; index < this.#lines.length; index += 1) {
      const line = this.#lines[index];
      if (line?.kind !== 'out' || this.#written.has(index)) continue;
      if (this.#options.protocol.shapeOf(frameIn(line)).kind === 'prompt') return index;
    }
    return null;
  }

  /** What the adapter wrote, with the ids and the folder of the recording. */
  #recordedFormOf(frame: unknown): unknown {
    const { salt = 0, workspace = RECORDED_WORKSPACE } = this.#options;
    return mapStrings(frame, (text) => salted(text.replaceAll(workspace, RECORDED_WORKSPACE), salt));
  }

  /** The user may have answered otherwise than it was recorded. */
  #compare(index: number, frame: unknown): void {
    if (isDeepStrictEqual(frameIn(this.#lines[index]), frame)) return;
    const { siblings = [], protocol, events } = this.#options;
    const place = { recording: this.#recording, index };
    const branch = branchFor(place, { frame, siblings, protocol });
    if (branch === null) return events?.onOtherAnswer?.();
    // what was to come before the answer still comes
    const leftCount = Math.max(0, index - this.#at);
    this.#recording = branch.recording;
    this.#written.clear();
    this.#written.add(branch.index);
    this.#jump(Math.max(0, branch.index - leftCount));
    events?.onBranch?.(branch.recording);
  }
}
