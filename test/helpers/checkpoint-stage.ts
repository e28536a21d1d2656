/** A thread whose workspace is a real repository; a test plays the agent that changes files in a turn. */
import { turnIdSchema, type TurnId } from '../../machines/domain/ids.ts';
import type { WorkspaceHistory } from '../../machines/ports/workspace-history.ts';
import { makeHistory, makeRepository, type TestRepository } from './git-repository.ts';
import { makeServer, threadId, type ServerOptions, type ServerRuns } from './server-runs.ts';
import { THREAD, type RuntimeRun } from './start-runtime.ts';
import { until } from './until.ts';

type Files = Readonly<Record<string, string | null>>;

export class CheckpointStage {
  readonly server: ServerRuns;
  readonly repository: TestRepository;
  readonly history: WorkspaceHistory;

  constructor(server: ServerRuns, repository: TestRepository, history: WorkspaceHistory) {
    this.server = server;
    this.repository = repository;
    this.history = history;
  }

  get run(): RuntimeRun {
    return this.server.run;
  }

  /** Until nothing is captured or put back any more. No time passes. */
  async rest(name: string = THREAD): Promise<void> {
    await until(() => {
      this.run.settle();
      return this.server.journal.threadState(threadId(name))?.errands === 0;
    });
  }

  /** A turn that leaves these files. */
  async turn(files: Files = {}, name: string = THREAD): Promise<TurnId> {
    const turnId = await this.begin(name);
    this.repository.write(files);
    await this.end(name);
    return turnId;
  }

  /** A turn that runs until `end`. */
  async begin(name: string = THREAD): Promise<TurnId> {
    const { turnId } = await this.run.submit('wait', { threadId: name });
    await this.rest(name);
    return turnIdSchema.parse(turnId);
  }

  async end(name: string = THREAD): Promise<void> {
    const id = this.run.provider.connectionIds.findLast((each) => each.startsWith(`${name}#`));
    this.run.provider.session(id!).goOn();
    await this.rest(name);
  }

  rollBack(turnId: TurnId | null, more: Record<string, unknown> = {}) {
    return this.run.do({ type: 'checkpoint.rollback', turnId, ...more });
  }

  row(turnId: TurnId, name: string = THREAD) {
    return this.server.journal.checkpoint(threadId(name), turnId);
  }

  turnRow(turnId: TurnId) {
    return this.server.journal.turn(threadId(THREAD), turnId);
  }

  item(kind: string) {
    return this.run.snapshot().items.findLast(({ body }) => body.kind === kind);
  }
}

/** With the thread `t1` in a repository that has the file `a`. */
export async function makeStage(options: ServerOptions = {}): Promise<CheckpointStage> {
  const repository = makeRepository();
  repository.commit({ a: 'one\n' });
  const history = options.history ?? makeHistory();
  const server = makeServer({ history, ...options });
  const run = await server.start();
  await run.create({ cwd: repository.root });
  return new CheckpointStage(server, repository, history);
}
