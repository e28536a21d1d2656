import { homedir, hostname, tmpdir } from 'node:os';
import { keptAnswer } from '../../machines/domain/answer.ts';
import type { Command } from '../../machines/domain/command.ts';
import { requestIdOf, type RequestId } from '../../machines/domain/ids.ts';
import {
  openedSettingsSchema,
  RECORDED_WORKSPACE,
  RECORDING_FORMAT,
  recordingHeaderSchema,
  recordingLineSchema,
  type Recording,
  type RecordingHeader,
  type RecordingLine,
  type RecordingLineOf,
} from '../../machines/domain/recording.ts';
import { WITHHELD, type Answer, type RequestBody, type RequestDraft } from '../../machines/domain/request.ts';
import type {
  HostedProcess,
  ProcessEvents,
  ProcessHost,
  ProcessSpec,
} from '../../machines/ports/process-host.ts';
import type {
  ProviderAdapter,
  ProviderDriver,
  ProviderHost,
  ProviderReport,
} from '../../machines/ports/provider.ts';
import { LineSplitter, type Line } from '../shared/ndjson.ts';
import { redact } from '../shared/redact.ts';
import { pipeOf } from './frames.ts';
import { UuidNumbers } from './strings.ts';

export interface RecorderOptions extends Pick<RecordingHeader, 'scenario' | 'title' | 'description'> {
  /** Real folder → what stands in the recording for it. The home, the current and the temporary folder need not be named. */
  readonly places?: Readonly<Record<string, string>>;
  /** Where threads work. */
  readonly workspace?: string;
  /** Epoch ms; default: the clock. */
  readonly now?: () => number;
  /** Aborting it ends the recorded adapters and their processes. */
  readonly signal?: AbortSignal;
}

/** A line without the time at which it is written. */
type Untimed<L> = L extends { atMs: number } ? Omit<L, 'atMs'> : never;

/**
 * Writes down what passes between adapters and their processes: wraps the driver, and is given back as a recording when
 * what was recorded has ended. Secrets, folders of this machine and random ids do not go into it.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #startedAt: number;
  readonly #lines: RecordingLine[] = [];
  readonly #adapters = new Set<ProviderAdapter>();
  /** By number; taken out when they have exited. */
  readonly #running = new Map<number, HostedProcess>();
  readonly #uuids = new UuidNumbers();
  /** By the id that it has while it is recorded. */
  readonly #requests = new Map<string, RequestId>();
  /** What is asked in secret, by its request. */
  readonly #secretBodies = new Map<string, RequestBody>();
  /** The answers to that, as they stand in JSON. */
  readonly #secretAnswers = new Set<string>();
  /** Longest first, so that a folder in a folder is found. */
  readonly #places: readonly (readonly [string, string])[];
  #driver = '';
  #version: string | null = null;
  #processCount = 0;
  #ending: Promise<void> | null = null;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#startedAt = this.#now();
    const { places = {}, workspace, signal } = options;
    const known = {
      [homedir()]: '/home/user',
      [process.cwd()]: '/home/user/server',
      [tmpdir()]: '/tmp',
      ...places,
    };
    const all = workspace === undefined ? known : { ...known, [workspace]: RECORDED_WORKSPACE };
    this.#places = Object.entries(all)
      .filter(([place]) => place.length > 1)
      .toSorted(([left], [right]) => right.length - left.length);
    signal?.addEventListener('abort', () => void this.abort(), { once: true });
  }

  /** The same driver, recorded. */
  record(driver: ProviderDriver): ProviderDriver {
    this.#driver = driver.driver;
    return {
      ...driver,
      create: (instance, host) => {
        const adapter = driver.create(instance, this.#hostOf(host));
        this.#adapters.add(adapter);
        return this.#adapterOf(adapter);
      },
    };
  }

  /** What a client asks for now. */
  noteCommand(command: Command): void {
    this.#note({ kind: 'command', command: this.#asPlayed(this.#keptCommand(command)) });
  }

  noteServer(event: RecordingLineOf<'server'>['event']): void {
    this.#note({ kind: 'server', event });
  }

  /** Ends the adapters and their processes at once, if they do not end by themselves. Never rejects. */
  abort(): Promise<void> {
    this.#ending ??= this.#endAll();
    return this.#ending;
  }

  /** What was recorded so far. */
  recording(): Recording {
    const { scenario, title, description } = this.#options;
    const header = {
      kind: 'recording',
      format: RECORDING_FORMAT,
      driver: this.#driver,
      version: this.#version,
      scenario,
      title,
      description,
      platform: `${process.platform}-${process.arch}`,
      recordedAt: this.#startedAt,
    };
    return { header: recordingHeaderSchema.parse(header), lines: [...this.#lines] };
  }

  async #endAll(): Promise<void> {
    const processes = [...this.#running.values()].map((each) => each.end({ force: true }));
    await Promise.allSettled(processes);
    await Promise.allSettled([...this.#adapters].map((adapter) => adapter.dispose()));
  }

  #hostOf(host: ProviderHost): ProviderHost {
    return {
      processes: this.#processesOf(host.processes),
      report: (threadId, input) => {
        this.#noteRequest(input);
        if (input.type === 'provider.requestOpened') this.#watch(input.request);
        host.report(threadId, input);
      },
      reportInstance: (input) => {
        if (input.type === 'process.started') this.#version = input.report.version ?? this.#version;
        host.reportInstance(input);
      },
      settled: (threadId, turnId, attempt) => host.settled(threadId, turnId, attempt),
      attachmentPath: (id) => host.attachmentPath(id),
      openItems: (threadId, turnId) => host.openItems(threadId, turnId),
      logFrame: (direction, frame) => host.logFrame(direction, frame),
      warn: (message, details) => host.warn(message, details),
    };
  }

  #asPlayed(command: Command): Command {
    if (command.type !== 'request.respond') return command;
    return { ...command, requestId: this.#requests.get(command.requestId) ?? command.requestId };
  }

  /** Played, it has another id, which is made from the provider's own. */
  #noteRequest(input: ProviderReport): void {
    if (input.type !== 'provider.requestOpened') return;
    const { requestId, nativeRequestId } = input.request;
    this.#requests.set(requestId, requestIdOf(input.connectionId, this.#uuids.replaceIn(nativeRequestId)));
  }

  #adapterOf(adapter: ProviderAdapter): ProviderAdapter {
    return {
      capabilities: adapter.capabilities,
      perform: (effect) => {
        if (effect.type === 'connection.open') {
          this.#note({ kind: 'open', settings: openedSettingsSchema.parse(effect.settings) });
        }
        if (effect.type === 'request.answer' && effect.kept !== undefined)
          this.#learn(effect.answer, effect.kept);
        adapter.perform(effect);
      },
      setPaused: (isPaused) => adapter.setPaused(isPaused),
      dispose: () => adapter.dispose(),
    };
  }

  #watch({ requestId, body }: RequestDraft): void {
    if (body.kind === 'question' && body.questions.some(({ secret }) => secret === true))
      this.#secretBodies.set(requestId, body);
  }

  #keptCommand(command: Command): Command {
    if (command.type !== 'request.respond' || command.answers === undefined) return command;
    const body = this.#secretBodies.get(command.requestId);
    return body === undefined ? command : { ...command, ...keptAnswer(body, { answers: command.answers }) };
  }

  #learn(answer: Answer, kept: Answer): void {
    if (!('answers' in answer) || !('answers' in kept)) return;
    for (const [id, texts] of Object.entries(answer.answers)) {
      for (const [index, text] of texts.entries())
        if (kept.answers[id]?.[index] !== text) this.#secretAnswers.add(JSON.stringify(text));
    }
  }

  #processesOf(processes: ProcessHost): ProcessHost {
    return { spawn: (spec, events) => this.#spawn(processes, spec, events) };
  }

  #spawn(processes: ProcessHost, spec: ProcessSpec, events: ProcessEvents): HostedProcess {
    this.#processCount += 1;
    const number = this.#processCount;
    const { command, args } = spec;
    this.#note({ kind: 'spawn', process: number, command: nameOf(command), args: [...args] });
    const heard = new LineSplitter();
    let hasExited = false;
    const hosted = processes.spawn(spec, {
      ...events,
      onStdout: (bytes) => {
        this.#notePipe('in', number, heard.push(bytes));
        events.onStdout(bytes);
      },
      onStderr: (bytes) => {
        this.#note({ kind: 'err', process: number, text: Buffer.from(bytes).toString() });
        events.onStderr(bytes);
      },
      onExit: (exit, error) => {
        this.#notePipe('in', number, heard.end());
        hasExited = true;
        this.#running.delete(number);
        const failed = error === null ? {} : { error: { message: error.message, ...codeOf(error) } };
        this.#note({ kind: 'exit', process: number, ...exit, ...failed });
        events.onExit(exit, error);
      },
    });
    const recorded = this.#recorded(hosted, number);
    if (!hasExited) this.#running.set(number, recorded);
    return recorded;
  }

  #recorded(hosted: HostedProcess, number: number): HostedProcess {
    const said = new LineSplitter();
    let isEnded = false;
    return {
      get pid() {
        return hosted.pid;
      },
      write: (text) => {
        this.#notePipe('out', number, said.push(Buffer.from(text)));
        return hosted.write(text);
      },
      pause: () => hosted.pause(),
      resume: () => hosted.resume(),
      end: (options) => {
        if (!isEnded) this.#note({ kind: 'stop', process: number });
        isEnded = true;
        return hosted.end(options);
      },
    };
  }

  #notePipe(kind: 'in' | 'out', process: number, lines: readonly Line[]): void {
    for (const line of lines) {
      this.#note({ kind, process, ...pipeOf(this.#keptFrame(line.kind === 'line' ? line.text : line.head)) });
    }
  }

  /** As whole strings, whatever their length; the names of fields stay. */
  #keptFrame(frame: string): string {
    let kept = frame;
    for (const secret of this.#secretAnswers) {
      kept = kept.replaceAll(secret, (found, at: number) =>
        kept[at + found.length] === ':' ? found : JSON.stringify(WITHHELD),
      );
    }
    return kept;
  }

  #note(line: Untimed<RecordingLine>): void {
    const atMs = Math.max(0, this.#now() - this.#startedAt);
    const text = JSON.stringify({ atMs, ...line });
    this.#lines.push(recordingLineSchema.parse(JSON.parse(this.#withoutPrivate(text))));
  }

  /** Works on JSON text: what it puts in needs no escape. */
  #withoutPrivate(text: string): string {
    let cleaned = redact(text).replaceAll(JSON.stringify(hostname()), '"host"');
    for (const [place, name] of this.#places) {
      cleaned = cleaned.replaceAll(JSON.stringify(place).slice(1, -1), () => name);
    }
    return this.#uuids.replaceIn(cleaned);
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

const nameOf = (command: string): string => command.slice(command.lastIndexOf('/') + 1);

function codeOf(error: Error): { code?: string } {
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? { code } : {};
}
