/** argv → command. Each command is a file in `cli/`, loaded when it is run; here stand their names, flags and help. */
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { SUBMIT_MODES } from '../machines/domain/command.ts';
import { RuntimeError } from '../machines/domain/error.ts';
import { statusSchema } from '../machines/domain/fact.ts';
import { runtimeModeSchema } from '../machines/domain/settings.ts';
import type { ClientFlags } from './cli/connection.ts';
import { EXIT_CODES, exitCodeOf, type ExitCode } from './cli/exit-codes.ts';
import type { ForkFlags } from './cli/fork.ts';
import type { LsFlags } from './cli/ls.ts';
import type { PurgeFlags } from './cli/purge.ts';
import type { SendFlags } from './cli/send.ts';
import type { DiffFlags } from './cli/diff.ts';
import type { RollbackFlags } from './cli/rollback.ts';
import type { SwitchFlags } from './cli/switch.ts';
import { Terminal, type Streams } from './cli/terminal.ts';
import type { ServeFlags } from './cli/serve-command.ts';
import type { ConfigFlags } from './config.ts';
import type { ServerAdapters } from './serve.ts';

export interface CliParts {
  readonly adapters: ServerAdapters;
  readonly release: string;
  /** Where the console was built; absent: none is served. */
  readonly consoleFolder?: string;
  /** Where commands write; default: this process. */
  readonly streams?: Streams;
}

/** What the program is built with: the parts, the terminal, and where a command leaves its exit code. */
interface Build extends CliParts {
  readonly terminal: Terminal;
  readonly exit: (code: ExitCode) => void;
}

/** Runs one command line; never throws. The result is for `process.exitCode`. */
export async function runCli(argv: readonly string[], parts: CliParts): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT_CODES.ok;
  const terminal = new Terminal(argv.includes('--json'), parts.streams ?? process);
  const build: Build = { ...parts, terminal, exit: (code) => void (exitCode = code) };
  try {
    await programOf(build).parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return endOf(error, terminal);
    complain(error, terminal);
    return exitCodeOf(error);
  } finally {
    terminal.close();
  }
}

/** Help and complaints about the command line have been written, but not for programs. */
function endOf({ exitCode, message: said }: CommanderError, terminal: Terminal): ExitCode {
  if (exitCode === 0) return EXIT_CODES.ok;
  const message = said.replace(/^error: /, '');
  if (terminal.isJson) terminal.print('', { error: { code: 'INVALID_PARAMS', message } });
  return EXIT_CODES.usage;
}

function complain(error: unknown, terminal: Terminal): void {
  const code = error instanceof RuntimeError ? error.code : null;
  const message = error instanceof Error ? error.message : String(error);
  if (terminal.isJson) return terminal.print('', { error: { code: code ?? 'INTERNAL', message } });
  const text = `threadchart: ${message}${code === null ? '' : ` (${code})`}`;
  terminal.note(terminal.styleNote('red', text));
}

function programOf(build: Build): Command {
  const program = new Command('threadchart')
    .description('One server between coding agents and everything that talks to them.')
    .version(build.release)
    .configureOutput({
      writeOut: (text) => build.terminal.write(text),
      writeErr: (text) => build.terminal.note(text.trimEnd()),
    })
    .exitOverride();
  addServe(program, build);
  addThreadCommands(program, build);
  addFiles(program, build);
  addForks(program, build);
  addViews(program, build);
  addConfig(program, build);
  addRecordings(program, build);
  addStore(program, build);
  addWorktrees(program, build);
  addTokens(program, build);
  return program;
}

function command(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .option('--data <folder>', 'data folder (default: THREADCHART_HOME, else ~/.threadchart)')
    .option('--json', 'one JSON document per line');
}

function clientCommand(parent: Command, name: string, description: string): Command {
  const token = new Option('--token <token>', 'default: the data folder’s').env('THREADCHART_TOKEN');
  return command(parent, name, description)
    .option('--url <url>', 'default: the server that runs on the data folder')
    .addOption(token);
}

function addServe(program: Command, build: Build): void {
  const { terminal, exit } = build;
  listening(command(program, 'serve', 'run the server until a signal'))
    .option('--inspect [url]', 'show all threads to Stately’s inspector on this machine')
    .action(async (flags: ServeFlags) => {
      const { serveCommand } = await import('./cli/serve-command.ts');
      exit(await serveCommand(flags, build, terminal));
    });
  clientCommand(program, 'console', 'print a link that opens the web console, once and soon').action(
    async (flags: ClientFlags) => {
      const { consoleCommand } = await import('./cli/console.ts');
      exit(await consoleCommand(flags, terminal));
    },
  );
  command(program, 'doctor', 'start each configured agent once and say what it found')
    .option('--config <file>', 'default: config.json in the data folder')
    .action(async (flags: ConfigFlags) => {
      const { doctorCommand } = await import('./cli/doctor-command.ts');
      exit(await doctorCommand(flags, build, terminal));
    });
}

const listening = (of: Command): Command =>
  of
    .option('--host <host>', 'default 127.0.0.1')
    .option('--port <port>', 'default 4747; 0: any', toPort)
    .option('--config <file>', 'default: config.json in the data folder')
    .option('--allow-insecure', 'listen beyond loopback without TLS')
    .option('--no-protocol-log', 'keep nothing of what agents say on the wire');

function addThreadCommands(program: Command, { terminal, exit }: Build): void {
  clientCommand(program, 'send', 'send a prompt and stream the answer')
    .argument('<text>')
    .option('--thread <id>', 'default: a new thread')
    .option('--instance <id>', 'of a new thread; default: the first one')
    .option('--cwd <folder>', 'of a new thread; default: this one')
    .option('--model <model>', 'of a new thread')
    .addOption(new Option('--access <mode>', 'of a new thread').choices(runtimeModeSchema.options))
    .addOption(new Option('--mode <mode>', 'what to do while a turn runs').choices(SUBMIT_MODES))
    .action(async (text: string, flags: SendFlags) => {
      const { sendCommand } = await import('./cli/send.ts');
      exit(await sendCommand(text, flags, terminal));
    });
  clientCommand(program, 'answer', 'answer an approval or a question')
    .argument('<thread>')
    .argument('<request>')
    .addArgument(
      new Argument('<answers...>', 'accept, acceptForSession, decline, cancel, or a text per question'),
    )
    .action(async (...given: [string, string, string[], ClientFlags]) => {
      const [threadId, requestId, answers, flags] = given;
      const { answerCommand } = await import('./cli/answer.ts');
      exit(await answerCommand({ threadId, requestId, answers }, flags, terminal));
    });
  clientCommand(program, 'stop', 'interrupt a thread and close its connection')
    .argument('<thread>')
    .action(async (thread: string, flags: ClientFlags) => {
      const { stopCommand } = await import('./cli/stop.ts');
      exit(await stopCommand(thread, flags, terminal));
    });
  clientCommand(program, 'switch', 'go on with another agent, which is told what it has not seen')
    .argument('<thread>')
    .argument('<instance>')
    .option('--model <model>', 'default: the instance’s')
    .action(async (threadId: string, instanceId: string, flags: SwitchFlags) => {
      const { switchCommand } = await import('./cli/switch.ts');
      exit(await switchCommand({ threadId, instanceId }, flags, terminal));
    });
}

function addFiles(program: Command, { terminal, exit }: Build): void {
  clientCommand(program, 'diff', 'what a thread changed in its workspace')
    .argument('<thread>')
    .argument('[path]', 'only this file')
    .option('--turn <id>', 'of one turn; default: of all that were not rolled back')
    .option('--stat', 'only the list of files')
    .action(async (threadId: string, path: string | undefined, flags: DiffFlags) => {
      const { diffCommand } = await import('./cli/diff.ts');
      exit(await diffCommand({ threadId, path }, flags, terminal));
    });
  clientCommand(program, 'rollback', 'go back to an earlier turn, with conversation and files')
    .argument('<thread>')
    .option('--to <turn>', 'the last turn that stays; default: none does')
    .option('--plan', 'only say what would happen')
    .addOption(new Option('--conversation-only', 'leave the files as they are').conflicts('filesOnly'))
    .option('--files-only', 'leave the conversation as it is')
    .option('--force <paths...>', 'put these back although others changed them since')
    .action(async (thread: string, flags: RollbackFlags) => {
      const { rollbackCommand } = await import('./cli/rollback.ts');
      exit(await rollbackCommand(thread, flags, terminal));
    });
}

function addForks(program: Command, { terminal, exit }: Build): void {
  clientCommand(program, 'fork', 'make a thread that goes on from a completed turn of another')
    .argument('<thread>')
    .option('--turn <id>', 'default: the newest completed one')
    .option('--instance <id>', 'default: as it is')
    .option('--model <model>', 'default: as it is')
    .option('--title <title>', 'default: as it is')
    .option('--worktree', 'with files of its own: a git working tree of what the turn left')
    .option('--base <commit>', 'of its working tree, instead of what the turn left')
    .option('--branch <name>', 'of its working tree; default: threadchart/<id>')
    .option('--setup <command>', 'is run in its working tree first')
    .action(async (thread: string, flags: ForkFlags) => {
      const { forkCommand } = await import('./cli/fork.ts');
      exit(await forkCommand(thread, flags, terminal));
    });
  clientCommand(program, 'merge', 'tell the parent of a fork what that has done')
    .argument('<fork>')
    .action(async (thread: string, flags: ClientFlags) => {
      const { mergeCommand } = await import('./cli/fork.ts');
      exit(await mergeCommand(thread, flags, terminal));
    });
}

function addViews(program: Command, { terminal, exit }: Build): void {
  clientCommand(program, 'ls', 'list threads, the latest change first')
    .addOption(new Option('--status <status>', 'only these').choices(statusSchema.options))
    .option('--query <text>', 'only those whose title or preview has it')
    .option('--archived', 'the archived ones instead')
    .option('--all', 'sub-agents as well, also those that ask nothing')
    .action(async (flags: LsFlags) => {
      const { lsCommand } = await import('./cli/ls.ts');
      exit(await lsCommand(flags, terminal));
    });
  clientCommand(program, 'why', 'say what a thread waits for, from whom, since when and what ends it')
    .argument('<thread>')
    .action(async (thread: string, flags: ClientFlags) => {
      const { whyCommand } = await import('./cli/why.ts');
      exit(await whyCommand(thread, flags, terminal));
    });
  clientCommand(program, 'tail', 'follow a thread')
    .argument('<thread>')
    .action(async (thread: string, flags: ClientFlags) => {
      const { tailCommand } = await import('./cli/tail.ts');
      exit(await tailCommand(thread, flags, terminal));
    });
}

function addConfig(program: Command, { terminal, exit }: Build): void {
  const config = program.command('config').description('what a server would run with');
  listening(command(config, 'print', 'print each value and where it comes from')).action(
    async (flags: ConfigFlags) => {
      const { printConfigCommand } = await import('./cli/config-command.ts');
      exit(printConfigCommand(flags, terminal));
    },
  );
  command(config, 'schema', 'print the JSON schema of config.json').action(async () => {
    const { configSchemaCommand } = await import('./cli/config-command.ts');
    exit(configSchemaCommand(terminal));
  });
}

function addRecordings(program: Command, build: Build): void {
  clientCommand(program, 'export', 'write a thread as a recording, without secrets')
    .argument('<thread>')
    .argument('[file]', 'a new file; default: stdout')
    .action(async (threadId: string, file: string | undefined, flags: ClientFlags) => {
      const { exportCommand } = await import('./cli/export.ts');
      build.exit(await exportCommand({ threadId, file }, flags, build));
    });
  command(program, 'replay', 'step an exported thread with these charts; needs no server')
    .argument('<file>')
    .action(async (file: string) => {
      const { replayCommand } = await import('./cli/replay.ts');
      build.exit(replayCommand(file, build, build.terminal));
    });
}

function addStore(program: Command, build: Build): void {
  command(program, 'backup', 'copy database, attachments and configuration, while a server runs or not')
    .argument('<file>', 'a new tar file')
    .option('--config <file>', 'default: config.json in the data folder')
    .action(async (file: string, flags: ConfigFlags) => {
      const { backupCommand } = await import('./cli/backup.ts');
      build.exit(backupCommand(file, flags, build));
    });
  command(
    program,
    'compact',
    'remove what is not needed and make the database small; not while a server runs',
  )
    .option('--config <file>', 'default: config.json in the data folder')
    .action(async (flags: ConfigFlags) => {
      const { compactCommand } = await import('./cli/compact.ts');
      build.exit(compactCommand(flags, build));
    });
  clientCommand(program, 'purge', 'take the text of deleted threads away for ever')
    .argument('[threads...]')
    .option('--deleted', 'all threads that are deleted')
    .option('--older-than <days>', 'of these, those deleted so long ago', toDays)
    .option('--config <file>', 'default: config.json in the data folder')
    .action(async (threads: string[], flags: PurgeFlags) => {
      const { purgeCommand } = await import('./cli/purge.ts');
      build.exit(await purgeCommand(threads, flags, build));
    });
}

function addWorktrees(program: Command, build: Build): void {
  const worktree = program.command('worktree').description('the git working trees of threads');
  command(worktree, 'list', 'list them, with what would be lost').action(async (flags: ConfigFlags) => {
    const { listWorktreesCommand } = await import('./cli/worktree.ts');
    build.exit(await listWorktreesCommand(flags, build));
  });
  command(worktree, 'remove', 'remove that of a thread')
    .argument('<thread>')
    .option('--force', 'with work that is not saved; commits stay on their branch')
    .action(async (thread: string, flags: ConfigFlags & { force?: boolean }) => {
      const { removeWorktreeCommand } = await import('./cli/worktree.ts');
      build.exit(await removeWorktreeCommand(thread, flags, build));
    });
}

function toDays(text: string): number {
  const days = Number(text);
  if (text.trim() !== '' && Number.isFinite(days) && days >= 0) return days;
  throw new InvalidArgumentError('expected a number of days');
}

function addTokens(program: Command, { terminal, exit }: Build): void {
  const token = program.command('token').description('who may do what');
  command(token, 'list', 'list tokens').action(async (flags: ConfigFlags) => {
    const { listTokensCommand } = await import('./cli/token.ts');
    exit(listTokensCommand(flags, terminal));
  });
  command(token, 'create', 'make a token; it is shown once')
    .argument('<name>')
    .requiredOption('--scopes <scopes...>', 'read, operate, admin')
    .action(async (name: string, flags: ConfigFlags & { scopes: string[] }) => {
      const { createTokenCommand } = await import('./cli/token.ts');
      exit(createTokenCommand(name, flags, terminal));
    });
  command(token, 'revoke', 'revoke a token')
    .argument('<id>')
    .action(async (id: string, flags: ConfigFlags) => {
      const { revokeTokenCommand } = await import('./cli/token.ts');
      exit(revokeTokenCommand(id, flags, terminal));
    });
}

function toPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('a port is 0 to 65535');
}
