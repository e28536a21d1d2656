/** A command line run in this process, with a terminal that the test types on and reads. */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { runCli } from '../../server/cli.ts';
import type { ExitCode } from '../../server/cli/exit-codes.ts';
import type { TestServer } from './start-server.ts';
import { until } from './until.ts';

export interface RunOptions {
  /** stdin, stdout and stderr are a terminal. */
  readonly isTTY?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Another way to the server than its own address. */
  readonly url?: string;
}

const CLIENT_COMMANDS = new Set([
  'send',
  'tail',
  'answer',
  'stop',
  'switch',
  'ls',
  'why',
  'console',
  'diff',
  'rollback',
  'fork',
  'merge',
  'export',
]);

export class CliRun {
  out = '';
  err = '';
  /** Keys come one by one and are not shown. */
  isRaw = false;
  readonly code: Promise<ExitCode>;
  readonly #stdin = new PassThrough();
  readonly #signals = new EventEmitter();

  constructor(server: TestServer, argv: readonly string[], options: RunOptions = {}) {
    const { isTTY = false, env = {}, url = server.url } = options;
    const place = ['--data', server.config.data];
    const isClient = CLIENT_COMMANDS.has(argv[0] ?? '');
    this.code = runCli([...argv, ...place, ...(isClient ? ['--url', url] : [])], {
      adapters: server.adapters,
      release: '1.2.3',
      streams: {
        stdout: { write: (text: string) => (this.out += text), isTTY },
        stderr: { write: (text: string) => (this.err += text), isTTY },
        stdin: Object.assign(this.#stdin, { isTTY, setRawMode: (isRaw: boolean) => (this.isRaw = isRaw) }),
        env,
        signals: this.#signals,
      },
    });
  }

  type(line: string): void {
    this.#stdin.write(`${line}\n`);
  }

  /** Keys as they come from a raw terminal. */
  press(keys: string): void {
    this.#stdin.write(keys);
  }

  /** Ctrl-D. */
  endInput(): void {
    this.#stdin.end();
  }

  pressCtrlC(): void {
    this.#signals.emit('SIGINT');
  }

  /** Listeners that are left: a command takes its own away. */
  get signalListenerCount(): number {
    return this.#signals.listenerCount('SIGINT');
  }

  /** Awaits a text on stderr. */
  async says(text: string | RegExp): Promise<void> {
    const isSaid = (): boolean => (typeof text === 'string' ? this.err.includes(text) : text.test(this.err));
    await until(isSaid, { describe: () => `${String(text)} in ${this.err}` });
  }
}
