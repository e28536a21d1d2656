import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { MARKER_VARIABLE } from './process-table.ts';
import {
  processStartTime,
  ProcessTree,
  type ProcessIdentity,
  type TreeEnd,
  type TreeEndBounds,
} from './process-tree.ts';
import { within } from './within.ts';

/** What to start. */
export interface SpawnRequest {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** A random word of letters, digits, `-` and `_`, by which the process and all its children are found again. */
  readonly marker: string;
}

/** How the process itself ended; exactly one of the two is not null. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How long each step of an ending may take. */
export interface EndBounds extends TreeEndBounds {
  /** From the end of stdin to SIGTERM; default 2,000 ms. */
  readonly askTimeoutMs?: number;
}

const DEFAULT_ASK_TIMEOUT_MS = 2000;
const PIPE_CLOSE_TIMEOUT_MS = 1000;
const STDERR_TAIL_LENGTH = 16 * 1024;
const MARKER = /^[\w-]+$/;

/**
 * Starts a process with piped stdio, in a session and group of its own.
 * @throws {Error} the system's error when it cannot be started, or a TypeError for a marker that is no word
 */
export async function spawnChild(request: SpawnRequest): Promise<OwnedChild> {
  const { command, args, cwd, env, marker } = request;
  if (!MARKER.test(marker)) throw new TypeError(`the marker ${JSON.stringify(marker)} is not a word`);
  const child = spawn(command, args, { cwd, env: { ...env, [MARKER_VARIABLE]: marker }, detached: true });
  const watch = new ChildWatch(child);
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const startTime = (await processStartTime(pid)) ?? '';
  return new OwnedChild(child, watch, { pid, startTime, marker });
}

/** What is heard of a process from its first moment, before anybody asks. */
class ChildWatch {
  readonly exited: Promise<ProcessExit>;
  readonly closed: Promise<void>;
  stderrTail = '';

  constructor(child: ChildProcessWithoutNullStreams) {
    this.exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    this.closed = new Promise((resolve) => child.once('close', () => resolve()));
    // A broken pipe is learnt of by the exit.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', ignore);
    // node 24 resumes what nobody reads when the process exits, and so loses it; this keeps it in the pipe.
    child.stdout.on('readable', hold);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderrTail = (this.stderrTail + text).slice(-STDERR_TAIL_LENGTH);
    });
  }
}

/**
 * A running process that is ours to end, with all that comes of it. Nothing is read from stdout before a listener is set,
 * so nothing is missed.
 */
export class OwnedChild {
  readonly identity: ProcessIdentity;
  /** Resolves when the process itself has ended; its pipes may still hold output. */
  readonly exited: Promise<ProcessExit>;
  /** Resolves when the pipes are read to their end; a descendant that holds them keeps them open. */
  readonly closed: Promise<void>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #watch: ChildWatch;
  readonly #tree: ProcessTree;
  #ending: Promise<TreeEnd> | null = null;

  constructor(child: ChildProcessWithoutNullStreams, watch: ChildWatch, identity: ProcessIdentity) {
    this.identity = identity;
    this.exited = watch.exited;
    this.closed = watch.closed;
    this.#child = child;
    this.#watch = watch;
    this.#tree = new ProcessTree(identity);
  }

  /** The last 16 Ki characters of stderr. */
  get stderrTail(): string {
    return this.#watch.stderrTail;
  }

  /** Bytes written to stdin that the process has not taken; the writer bounds them. */
  get stdinBufferedBytes(): number {
    return this.#child.stdin.writableLength;
  }

  /** Starts the reading of stdout. */
  onStdout(listener: (chunk: Buffer) => void): void {
    this.#child.stdout.off('readable', hold).on('data', listener);
  }

  /** Gives stderr from here on; what came before is in `stderrTail`. */
  onStderr(listener: (text: string) => void): void {
    this.#child.stderr.on('data', listener);
  }

  /** Writes to stdin. False when the process does not keep up, or is gone: see `stdinBufferedBytes` and `exited`. */
  write(text: string): boolean {
    return this.#child.stdin.writable && this.#child.stdin.write(text);
  }

  /** Called each time that stdin takes more, after a write was not taken. */
  onDrain(listener: () => void): void {
    this.#child.stdin.on('drain', listener);
  }

  /** Stops reading stdout: the process comes to a halt when its pipe is full. What is in the pipe at its exit still comes. */
  pause(): void {
    this.#child.stdout.pause();
  }

  /** Reads stdout again; without a listener the output is thrown away. */
  resume(): void {
    this.#child.stdout.off('readable', hold).resume();
  }

  /**
   * Ends the process and everything that came of it, in order: end of stdin, SIGTERM, SIGKILL, proof that nothing is left.
   * Stdout is read again while it ends, so what was still to be said is heard. What outlives the process itself is not
   * asked but gets SIGTERM at once. Asked again while ending, it gives the same ending; after `survived` it tries anew.
   */
  end(bounds: EndBounds = {}): Promise<TreeEnd> {
    this.#ending ??= this.#end(bounds).finally(() => {
      this.#ending = null;
    });
    return this.#ending;
  }

  async #end(bounds: EndBounds): Promise<TreeEnd> {
    // Seen now, a child stays known when its parent is gone.
    await this.#tree.survey();
    this.#child.stdin.end();
    this.resume();
    await within(this.exited, bounds.askTimeoutMs ?? DEFAULT_ASK_TIMEOUT_MS);
    const end = await this.#tree.end(bounds);
    await within(this.closed, PIPE_CLOSE_TIMEOUT_MS);
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
    return end;
  }
}

function hold(): void {}

function ignore(): void {}
