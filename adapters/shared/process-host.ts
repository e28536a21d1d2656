import type { InstanceId } from '../../machines/domain/ids.ts';
import type {
  HostedProcess,
  ProcessEvents,
  ProcessExit,
  ProcessHost,
  ProcessRow,
  ProcessSpec,
} from '../../machines/ports/process-host.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import { spawnChild, type OwnedChild } from './child-process.ts';

/** Where the rows of living processes are kept: the journal in the server. A `put` of a known marker replaces its row. */
export interface ProcessRows {
  put(row: ProcessRow): void;
  remove(marker: string): void;
}

export interface ProcessHostOptions {
  readonly table: ProcessRows;
  /** A new random word of letters, digits, `-` and `_`. */
  readonly makeMarker: () => string;
  /** Epoch ms; default: the clock. */
  readonly now?: () => number;
}

/** A forced end does not ask, and waits so long between SIGTERM and SIGKILL. */
const FORCED = { askTimeoutMs: 0, termTimeoutMs: 500 };
const ALREADY_OVER = { askTimeoutMs: 0 };

/**
 * Starts provider processes on this machine. The row of a process is in the table before it is started and until it and
 * all that came of it are proven gone, so that the next run of a killed server finds what is left.
 */
export class LocalProcessHost implements ProcessHost {
  readonly #options: ProcessHostOptions;

  constructor(options: ProcessHostOptions) {
    this.#options = options;
  }

  spawn(spec: ProcessSpec, events: ProcessEvents): HostedProcess {
    const { table, makeMarker, now = Date.now } = this.#options;
    const { instanceId } = spec;
    const row = { instanceId, marker: makeMarker(), pid: null, startTime: null, startedAt: now() };
    return new LocalProcess(new Row(table, row), spec, events);
  }
}

/** One line of the table, through the life of its process. */
class Row {
  readonly marker: string;
  readonly #table: ProcessRows;
  readonly #row: ProcessRow;

  constructor(table: ProcessRows, row: ProcessRow) {
    this.marker = row.marker;
    this.#table = table;
    this.#row = row;
  }

  get instanceId(): InstanceId {
    return this.#row.instanceId;
  }

  announce(): void {
    this.#table.put(this.#row);
  }

  complete({ pid, startTime }: OwnedChild['identity']): void {
    this.#table.put({ ...this.#row, pid, startTime });
  }

  remove(): void {
    this.#table.remove(this.marker);
  }
}

/** The port is synchronous, a start is not: what is asked before the process runs is done when it does. */
class LocalProcess implements HostedProcess {
  readonly #row: Row;
  readonly #events: ProcessEvents;
  readonly #started: Promise<OwnedChild | null>;
  #child: OwnedChild | null = null;
  #toWrite: string[] = [];
  #isPaused = false;

  constructor(row: Row, spec: ProcessSpec, events: ProcessEvents) {
    this.#row = row;
    this.#events = events;
    this.#started = this.#start(spec);
    void this.#started.then((child) => (child === null ? undefined : this.#watch(child)));
  }

  /** 0 until the process runs. */
  get pid(): number {
    return this.#child?.identity.pid ?? 0;
  }

  write(text: string): boolean {
    if (this.#child !== null) return this.#child.write(text);
    this.#toWrite.push(text);
    return true;
  }

  pause(): void {
    this.#isPaused = true;
    this.#child?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#child?.resume();
  }

  /** @throws {RuntimeError} INTERNAL when something of it outlives SIGKILL; its row is kept */
  async end({ force = false }: { readonly force?: boolean } = {}): Promise<void> {
    const child = await this.#started;
    if (child !== null) await this.#endTree(child, force ? FORCED : {});
  }

  /** Never rejects: a process that cannot be started, or not be noted, has exited. */
  async #start(spec: ProcessSpec): Promise<OwnedChild | null> {
    const { command, args, cwd = process.cwd() } = spec;
    try {
      this.#row.announce();
      const env = definedOf(spec.env);
      const child = await spawnChild({ command, args, cwd, env, marker: this.#row.marker });
      this.#row.complete(child.identity);
      this.#take(child);
      return child;
    } catch (thrown) {
      this.#row.remove();
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.#events.onExit({ code: null, signal: null }, error);
      return null;
    }
  }

  #take(child: OwnedChild): void {
    this.#child = child;
    child.onStdout((bytes) => this.#events.onStdout(bytes));
    child.onStderr((text) => this.#events.onStderr(Buffer.from(text)));
    child.onDrain(() => this.#events.onDrain?.());
    // node 24 makes a stream flow in the next tick after its `readable` listener has gone, paused or not.
    if (this.#isPaused) process.nextTick(() => (this.#isPaused ? child.pause() : undefined));
    for (const text of this.#toWrite.splice(0)) child.write(text);
  }

  /** An exit is told when its last output has been heard and its descendants are gone too: nothing overlaps a new start. */
  async #watch(child: OwnedChild): Promise<void> {
    const exit: ProcessExit = await child.exited;
    const survived = await this.#endTree(child, ALREADY_OVER).then(
      () => null,
      (error: unknown) => error,
    );
    this.#events.onExit(exit, survived instanceof Error ? survived : null);
  }

  async #endTree(child: OwnedChild, bounds: Parameters<OwnedChild['end']>[0]): Promise<void> {
    const end = await child.end(bounds);
    if (end.outcome === 'gone') return this.#row.remove();
    const pids = end.survivors.map(({ pid }) => pid);
    throw new RuntimeError('INTERNAL', `processes of ${this.#row.instanceId} outlived SIGKILL`, {
      details: { pids },
    });
  }
}

function definedOf(env: ProcessSpec['env']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
