/** Commands that an agent has run by its client: owned processes in the workspace, ended with their connection. */
import { randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import type {
  HostedProcess,
  ProcessExit,
  ProcessHost,
  ProcessSpec,
} from '../../machines/ports/process-host.ts';
import { confined } from './confine.ts';
import { Refused } from './refused.ts';
import { OutputTail } from './output-tail.ts';
import type { CreateTerminal } from './wire.ts';

const MOST_TERMINALS = 32;
const MOST_OUTPUT_BYTES = 1024 * 1024;

interface Terminal {
  readonly process: HostedProcess;
  readonly output: OutputTail;
  readonly exited: Promise<ExitStatus>;
  exit: ExitStatus | null;
  isReleased: boolean;
}

interface ExitStatus {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

interface TerminalsParts {
  readonly processes: ProcessHost;
  /** Of the agent: its environment is the command's. */
  readonly spec: ProcessSpec;
  readonly cwd: string;
}

export class Terminals {
  readonly #parts: TerminalsParts;
  readonly #terminals = new Map<string, Terminal>();
  #isEnded = false;

  constructor(parts: TerminalsParts) {
    this.#parts = parts;
  }

  /** Gives the id. @throws {Refused} outside of the workspace, or when there are too many */
  create(asked: CreateTerminal): string {
    const { processes, spec, cwd } = this.#parts;
    if (this.#isEnded) throw new Refused('the connection is being closed');
    const running = [...this.#terminals.values()].filter(({ exit }) => exit === null);
    if (running.length >= MOST_TERMINALS) throw new Refused(`${MOST_TERMINALS} terminals run already`);
    const folder =
      asked.cwd === null || asked.cwd === undefined ? realpathSync(cwd) : confined(cwd, asked.cwd);
    const env = Object.fromEntries(asked.env.map(({ name, value }) => [name, value]));
    const output = new OutputTail(Math.min(asked.outputByteLimit ?? MOST_OUTPUT_BYTES, MOST_OUTPUT_BYTES));
    const { promise, resolve } = Promise.withResolvers<ExitStatus>();
    const terminal: Terminal = {
      output,
      exited: promise,
      exit: null,
      isReleased: false,
      process: processes.spawn(
        { ...spec, ...programOf(asked), cwd: folder, env: { ...spec.env, ...env } },
        {
          onStdout: (bytes) => output.add(bytes),
          onStderr: (bytes) => output.add(bytes),
          onExit: (exit, error) => {
            if (error !== null) output.add(Buffer.from(`${error.message}\n`));
            terminal.exit = statusOf(exit, error);
            resolve(terminal.exit);
          },
        },
      ),
    };
    const terminalId = randomUUID();
    this.#terminals.set(terminalId, terminal);
    return terminalId;
  }

  /** @throws {Refused} for an id that is not known, or was released */
  output(terminalId: string): object {
    const { output, exit } = this.#get(terminalId);
    const { text, isTruncated } = output;
    return { output: text, truncated: isTruncated, ...(exit === null ? {} : { exitStatus: exit }) };
  }

  /** @throws {Refused} as `output` */
  exited(terminalId: string): Promise<ExitStatus> {
    return this.#get(terminalId).exited;
  }

  /** @throws {Refused} as `output` */
  async kill(terminalId: string): Promise<void> {
    await this.#get(terminalId).process.end({ force: true });
  }

  /** Its output stays, for the item that shows it. @throws {Refused} as `output` */
  async release(terminalId: string): Promise<void> {
    const terminal = this.#get(terminalId);
    terminal.isReleased = true;
    await terminal.process.end({ force: true });
  }

  /** What a terminal has put out, also a released one. */
  textOf(terminalId: string): string {
    return this.#terminals.get(terminalId)?.output.text ?? '';
  }

  /** Ends all, and takes no more. @throws {RuntimeError} INTERNAL when something outlives SIGKILL */
  end(): Promise<void> {
    this.#isEnded = true;
    return this.endRunning();
  }

  /** @throws {RuntimeError} INTERNAL when something outlives SIGKILL */
  async endRunning(): Promise<void> {
    const running = [...this.#terminals.values()].filter(({ exit }) => exit === null);
    await Promise.all(running.map(({ process }) => process.end({ force: true })));
  }

  #get(terminalId: string): Terminal {
    const terminal = this.#terminals.get(terminalId);
    if (terminal === undefined || terminal.isReleased)
      throw new Refused(`there is no terminal ${terminalId}`);
    return terminal;
  }
}

/** Some agents put a whole line of shell into the command. */
function programOf({ command, args }: CreateTerminal): Pick<ProcessSpec, 'command' | 'args'> {
  const isLine = args.length === 0 && /\s/.test(command);
  return isLine ? { command: '/bin/sh', args: ['-c', command] } : { command, args };
}

const statusOf = ({ code, signal }: ProcessExit, error: Error | null): ExitStatus => ({
  exitCode: error === null ? code : 127,
  signal,
});
