import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { RUN_VARIABLE } from './run-processes.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Program {
  /** What `node` runs. */
  readonly path: string;
  readonly args: readonly string[];
  /** The data folder; the log of every start goes to a file in it. */
  readonly data: string;
  /** In the environment of the process and of all that comes of it. */
  readonly word: string;
}

/** The line that a server prints when it is ready. */
interface Place {
  readonly url: string;
  readonly pid: number;
  readonly tokenFile: string;
}

const LOG_TAIL_LENGTH = 8_000;
/** A server starts in a third of the time with it. */
const COMPILE_CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'compiled');

/** One run of a server in a process of its own. */
export class ServerProcess {
  readonly place: Place;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;

  private constructor(place: Place, child: ChildProcess, exited: Promise<Exit>) {
    this.place = place;
    this.exited = exited;
    this.#child = child;
  }

  /** Resolves when it serves. @throws {Error} with its exit code and the end of its log when it ends instead */
  static async start(program: Program): Promise<ServerProcess> {
    const child = spawnNode(program);
    const exited = new Promise<Exit>((resolve) =>
      child.once('exit', (code, signal) => resolve({ code, signal })),
    );
    const ready = new Promise<Place>((resolve) => {
      if (child.stdout === null) throw new Error('the server has no stdout');
      createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line) as Place));
    });
    const first = await Promise.race([ready, exited]);
    if ('url' in first) return new ServerProcess(first, child, exited);
    throw new Error(`the server ended with ${JSON.stringify(first)}:\n${logTail(program.data)}`);
  }

  send(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Asks it to end, and waits for that. */
  async end(): Promise<void> {
    this.send('SIGTERM');
    await this.exited;
  }

  /** Ends it without a chance to clean up. */
  async kill(): Promise<void> {
    this.send('SIGKILL');
    await this.exited;
  }
}

/** Runs a command of the same program to its end. */
export async function runProgram(program: Program): Promise<Exit & { readonly out: string }> {
  const child = spawnNode(program);
  let out = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
  return new Promise((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, out: out.trim() })),
  );
}

function spawnNode({ path, args, data, word }: Program): ChildProcess {
  const log = openSync(logPath(data), 'a', 0o600);
  try {
    return spawn(process.execPath, [path, ...args], {
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: data,
        NODE_COMPILE_CACHE: COMPILE_CACHE,
        [RUN_VARIABLE]: word,
      },
      stdio: ['ignore', 'pipe', log],
    });
  } finally {
    closeSync(log);
  }
}

const logPath = (data: string): string => join(data, 'server.log');

/** The end of what all runs on this folder have logged. */
export function logTail(data: string): string {
  const path = logPath(data);
  return existsSync(path) ? readFileSync(path, 'utf8').slice(-LOG_TAIL_LENGTH) : '';
}
