/** Runs `git` with nothing of the server's own environment or of the user's hooks in the way. */
import { spawn, type ChildProcess } from 'node:child_process';
import { RuntimeError } from '../../machines/domain/error.ts';

export interface GitCall {
  readonly args: readonly string[];
  readonly cwd: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Buffer | string;
  /** Output beyond it is not read, and git is ended. Default 512 MiB. */
  readonly maxBytes?: number;
}

export interface GitResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** `maxBytes` was reached: `stdout` is the beginning. */
  readonly isCut: boolean;
}

export interface GitOptions {
  /** The program; default `git` on PATH. */
  readonly command?: string;
  /** What git inherits; its own variables (`GIT_…`) are left out. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long one call may take; default 60 s. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 512 * 1024 * 1024;
const STDERR_LENGTH = 64 * 1024;

/** Nothing of the user's is run, asked for or tidied up by the way. */
const QUIET = {
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'core.quotePath': 'false',
  'core.logAllRefUpdates': 'false',
  'gc.auto': '0',
  'maintenance.auto': 'false',
};
const QUIET_ARGS = Object.entries(QUIET).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
const QUIET_ENV = { LC_ALL: 'C', LANGUAGE: '', GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0' };

/** There is no git to run. */
export class GitAbsent extends Error {}

export class Git {
  readonly #command: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  #version: string | null = null;

  constructor({ command = 'git', env, timeoutMs = DEFAULT_TIMEOUT_MS }: GitOptions) {
    this.#command = command;
    this.#env = { ...inherited(env), ...QUIET_ENV };
    this.#timeoutMs = timeoutMs;
  }

  /**
   * What git said, whatever its exit code.
   * @throws {GitAbsent}
   * @throws {RuntimeError} GIT_FAILED when it does not end in time
   */
  async run(call: GitCall): Promise<GitResult> {
    const child = spawn(this.#command, [...QUIET_ARGS, ...call.args], {
      cwd: call.cwd,
      env: { ...this.#env, ...call.env },
      stdio: 'pipe',
    });
    child.stdin.on('error', () => undefined).end(call.stdin ?? '');
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#timeoutMs);
    try {
      return await new Reading(child, call.maxBytes ?? MAX_OUTPUT_BYTES).result();
    } catch (cause) {
      throw isAbsent(cause) ? new GitAbsent(`cannot run ${this.#command}`, { cause }) : cause;
    } finally {
      clearTimeout(timer);
    }
  }

  /** What it says it is; asked for once. @throws {GitAbsent} */
  async version(cwd: string): Promise<string> {
    this.#version ??= (await this.read({ args: ['version'], cwd })).toString().trim();
    return this.#version;
  }

  /** What it wrote. @throws {RuntimeError} GIT_FAILED when it exits with anything but 0 */
  async read(call: GitCall): Promise<Buffer> {
    const result = await this.run(call);
    if (result.code !== 0 && !result.isCut) throw gitFailed(call.args, result.stderr);
    return result.stdout;
  }
}

export function gitFailed(args: readonly string[], said: string): RuntimeError {
  const verb = args.find((each) => !each.startsWith('-')) ?? 'git';
  return new RuntimeError('GIT_FAILED', `git ${verb} failed: ${said.trim() || 'no word why'}`.slice(0, 4000));
}

/** Collects what a child writes, up to a bound. */
class Reading {
  readonly #child: ChildProcess;
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #stderr = '';

  constructor(child: ChildProcess, maxBytes: number) {
    this.#child = child;
    this.#maxBytes = maxBytes;
    child.stdout?.on('data', (chunk: Buffer) => this.#take(chunk));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(0, STDERR_LENGTH);
    });
  }

  result(): Promise<GitResult> {
    return new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code) => {
        const isCut = this.#bytes > this.#maxBytes;
        if (code === null && !isCut) {
          reject(new RuntimeError('GIT_FAILED', 'git did not end in time'));
          return;
        }
        const stdout = Buffer.concat(this.#chunks).subarray(0, this.#maxBytes);
        resolve({ code: code ?? 0, stdout, stderr: this.#stderr, isCut });
      });
    });
  }

  #take(chunk: Buffer): void {
    if (this.#bytes > this.#maxBytes) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) this.#child.kill('SIGKILL');
  }
}

function inherited(env: GitOptions['env']): Record<string, string> {
  const entries = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || name.startsWith('GIT_') ? [] : [[name, value] as const],
  );
  return Object.fromEntries(entries);
}

const isAbsent = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  'code' in thrown &&
  ['ENOENT', 'EACCES', 'ENOTDIR'].includes(String(thrown.code));
