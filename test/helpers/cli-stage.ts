/** Command lines on a thread that works in a real repository; a test plays the agent that changes files. */
import { connectionIdOf, threadIdSchema } from '../../machines/domain/ids.ts';
import { CliRun } from './cli-run.ts';
import { makeRepository, TestRepository } from './git-repository.ts';
import { LiveThread, type CreateOptions } from './live-thread.ts';
import { startServer, type TestServer } from './start-server.ts';

type Files = Parameters<TestRepository['write']>[0];

export interface CliEnd {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export class CliStage {
  readonly server: TestServer;
  readonly repository: TestRepository;
  readonly thread: LiveThread;

  constructor(server: TestServer, repository: TestRepository, thread: LiveThread) {
    this.server = server;
    this.repository = repository;
    this.thread = thread;
  }

  async run(...argv: readonly string[]): Promise<CliEnd> {
    const run = new CliRun(this.server, argv);
    const code = await run.code;
    return { code, out: run.out, err: run.err };
  }

  /** The documents that `--json` prints. */
  async json<Document = Record<string, unknown>>(...argv: readonly string[]): Promise<Document[]> {
    const { out } = await this.run(...argv, '--json');
    return out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Document);
  }

  /** Another thread of the server, by its id. */
  async follow(threadId: string): Promise<LiveThread> {
    const thread = new LiveThread(await this.server.client(), threadId);
    await thread.until(() => thread.view !== null, 'a first view');
    return thread;
  }

  /** A turn that leaves these files, from its first to its last capture. Its id. */
  async turn(files: Files = {}, thread: LiveThread = this.thread): Promise<string> {
    const turnId = await this.begin(thread);
    const cwd = thread.view?.state?.row.cwd ?? '';
    new TestRepository(cwd).write(files);
    await this.end(turnId, thread);
    return turnId;
  }

  /** A turn that works until `end`. */
  async begin(thread: LiveThread = this.thread): Promise<string> {
    const { turnId, queueEntryId } = await thread.submit('wait');
    const id = turnId ?? queueEntryId ?? '';
    await thread.until(() => thread.status === 'running', 'a turn that runs');
    await captured(thread, id, 'before');
    return id;
  }

  async end(turnId: string, thread: LiveThread = this.thread): Promise<void> {
    const { threadId } = thread;
    const id = this.server.provider().connectionIds.findLast((each) => each.startsWith(`${threadId}#`));
    this.server
      .provider()
      .session(id ?? connectionIdOf(threadIdSchema.parse(threadId), 1))
      .goOn();
    await thread.ended(turnId);
    await captured(thread, turnId, 'after');
  }
}

/** Or there is nothing to capture. */
const captured = (thread: LiveThread, turnId: string, point: 'before' | 'after'): Promise<unknown> =>
  thread.until(
    () =>
      thread.facts('checkpoint.captured').some((fact) => fact.turnId === turnId && fact.point === point) ||
      thread.facts('checkpoint.missing').some((fact) => fact.turnId === turnId),
    `the capture ${point} ${turnId}`,
  );

/** With a repository that has the file `a`, and a thread in it. */
export async function startCli(
  options: Partial<CreateOptions> = {},
  given: Record<string, unknown> = {},
): Promise<CliStage> {
  const server = await startServer(given);
  const repository = makeRepository();
  repository.commit({ a: 'one\n' });
  const client = await server.client();
  const thread = await LiveThread.create(client, {
    cwd: repository.root,
    instanceId: 'scripted',
    ...options,
  });
  return new CliStage(server, repository, thread);
}
