/**
 * A server of opencode as a process that talks in lines. A request of ours is `{id, method: "GET /session/{id}", params: {path,
 * query, body}}`; its answer is `{id, result}` or `{id, error: {code, message, data}}` with the HTTP status as the code
 * (0: there was no answer); what the server tells by itself is `{method: "event", params}`, and `{method: "stream.lost"}`
 * where something of that was missed. So it can be recorded and played like any other process.
 */
import { randomBytes } from 'node:crypto';
import type {
  HostedProcess,
  ProcessEvents,
  ProcessHost,
  ProcessSpec,
} from '../../machines/ports/process-host.ts';
import { LineSplitter } from '../shared/ndjson.ts';
import { EventStream } from './event-stream.ts';
import { freePort, HttpCalls } from './http-calls.ts';

const HOST = '127.0.0.1';
/** Processes that are spawned by the host given, and spoken to over HTTP. */
export const overHttp = (processes: ProcessHost): ProcessHost => ({
  spawn: (spec, events) => new HttpProcess(processes, spec, events),
});

class HttpProcess implements HostedProcess {
  readonly #events: ProcessEvents;
  readonly #written = new LineSplitter();
  /** Requests that came before the server was ready. */
  #early: string[] | null = [];
  #process: HostedProcess | null = null;
  #calls: HttpCalls | null = null;
  #stream: EventStream | null = null;
  #ending: Promise<void> | null = null;
  #isOver = false;
  #isPaused = false;

  constructor(processes: ProcessHost, spec: ProcessSpec, events: ProcessEvents) {
    this.#events = events;
    void this.#start(processes, spec);
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  write(text: string): boolean {
    if (this.#isOver) return false;
    for (const line of this.#written.push(Buffer.from(text))) {
      if (line.kind !== 'line') continue;
      if (this.#early === null) this.#call(line.text);
      else this.#early.push(line.text);
    }
    return true;
  }

  pause(): void {
    this.#isPaused = true;
    this.#stream?.setPaused(true);
  }

  resume(): void {
    this.#isPaused = false;
    this.#stream?.setPaused(false);
  }

  /** A server does not end with its stdin; what it has to keep is kept. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.#stream?.close();
    if (this.#process === null) return this.#exit({ code: 0, signal: null }, null);
    await this.#process.end({ force: true });
  }

  async #start(processes: ProcessHost, spec: ProcessSpec): Promise<void> {
    try {
      const port = await freePort(HOST);
      if (this.#ending !== null) return;
      const password = randomBytes(24).toString('base64url');
      this.#process = processes.spawn(
        {
          ...spec,
          args: [...spec.args, `--hostname=${HOST}`, `--port=${port}`],
          env: { ...spec.env, OPENCODE_SERVER_PASSWORD: password, OPENCODE_SERVER_USERNAME: USER },
        },
        {
          onStdout: (bytes) => this.#takeWords(Buffer.from(bytes).toString()),
          onStderr: (bytes) => this.#events.onStderr(bytes),
          onExit: (exit, error) => void this.#takeExit(exit, error),
        },
      );
      const authorization = `Basic ${Buffer.from(`${USER}:${password}`).toString('base64')}`;
      await this.#connect(new HttpCalls({ host: HOST, port, authorization }));
    } catch (error) {
      await this.#process?.end({ force: true });
      this.#exit({ code: null, signal: null }, error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** The stream is open before the first request, so that nothing is missed. */
  async #connect(calls: HttpCalls): Promise<void> {
    this.#calls = calls;
    const stream = new EventStream(calls, {
      onEvent: (json) => this.#say(`{"method":"event","params":${json}}`),
      onLost: (why) => this.#say(JSON.stringify({ method: 'stream.lost', params: { why } })),
    });
    this.#stream = stream;
    if (this.#isPaused) stream.setPaused(true);
    // of one that is too old the first answer tells
    if (await calls.untilReady(() => this.#isOver || this.#ending !== null)) await stream.open();
    const early = this.#early ?? [];
    this.#early = null;
    for (const line of early) this.#call(line);
  }

  #call(line: string): void {
    void this.#calls?.answer(line).then((answer) => this.#say(answer));
  }

  /** Where it listens is known. */
  #takeWords(text: string): void {
    const words = text.replace(/^opencode server listening on .*\n?/m, '');
    if (words.trim() !== '') this.#events.onStderr(Buffer.from(words));
  }

  #say(line: string): void {
    if (!this.#isOver) this.#events.onStdout(Buffer.from(`${line}\n`));
  }

  /** What the server told last may still be under way. */
  async #takeExit(...[exit, error]: Parameters<ProcessEvents['onExit']>): Promise<void> {
    await this.#stream?.drained();
    this.#exit(exit, error);
  }

  #exit(...[exit, error]: Parameters<ProcessEvents['onExit']>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream?.close();
    this.#events.onExit(exit, error);
  }
}

const USER = 'threadchart';
