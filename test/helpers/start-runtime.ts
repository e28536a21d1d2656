/** A runtime that the test steps by hand, over a journal that survives it, with the scripted provider. */
import type { Command, CommandResult } from '../../machines/domain/command.ts';
import { commandSchema } from '../../machines/domain/command.ts';
import type { Capabilities } from '../../machines/domain/capability.ts';
import type { RuntimeError } from '../../machines/domain/error.ts';
import {
  type AttachmentId,
  commandIdSchema,
  instanceIdSchema,
  threadIdSchema,
  type ThreadId,
} from '../../machines/domain/ids.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { ProcessHost, ProcessRow } from '../../machines/ports/process-host.ts';
import type { WorkspaceHistory } from '../../machines/ports/workspace-history.ts';
import type { Worktrees } from '../../machines/ports/worktrees.ts';
import type { ProviderDriver } from '../../machines/ports/provider.ts';
import type { CommittedTick } from '../../server/runtime/api.ts';
import type { TaskBounds } from '../../server/runtime/task-bounds.ts';
import { ThreadRuntime } from '../../server/runtime/runtime.ts';
import { SCRIPTED_CAPABILITIES, scriptedDriver, type ScriptedProvider } from './scripted-provider.ts';
import { World } from './scripted-world.ts';
import { TestClock } from './test-clock.ts';

export const THREAD = threadIdSchema.parse('t1');

export interface RuntimeSetup {
  readonly journal: Journal;
  readonly world?: World;
  readonly clock?: TestClock;
  readonly capabilities?: Capabilities;
  readonly deltaWindowMs?: number;
  readonly deltaRetentionMs?: number;
  readonly deletedAfterMs?: number | null;
  readonly removeAttachment?: (id: AttachmentId) => void;
  /** Names of instances of the scripted driver; the first is the default of `create`. */
  readonly instances?: readonly string[];
  readonly endSurvivor?: (row: ProcessRow) => Promise<void>;
  readonly redact?: (text: string) => string;
  /** Default: nothing runs before `tick` or `settle`. */
  readonly schedule?: (run: () => void) => void;
  /** Instead of the scripted one, with the processes that it needs. */
  readonly driver?: ProviderDriver;
  readonly processes?: ProcessHost;
  /** Folders that do not exist, beside `/missing`; a test changes them as it goes. */
  readonly goneFolders?: ReadonlySet<string>;
  readonly taskBounds?: TaskBounds;
  /** Captures workspaces. */
  readonly history?: WorkspaceHistory;
  /** Makes working trees for threads. */
  readonly worktrees?: Worktrees;
  /** Images that are stored. */
  readonly attachments?: ReadonlySet<string>;
}

export type Outcome = { readonly result: CommandResult } | { readonly error: RuntimeError };

/** What a setup leaves open. */
const DEFAULTS = {
  processes: {
    spawn: () => {
      throw new Error('the scripted provider has no process');
    },
  },
  endSurvivor: () => Promise.resolve(),
  release: 'test',
  redact: (text: string) => text,
  deltaWindowMs: 0,
  deltaRetentionMs: 60_000,
  connectionIdleMs: 1_800_000,
  removeAttachment: () => {},
  deletedAfterMs: null,
  logFrame: () => '',
};

/** One run of the server. After a crash make another one over the same journal, world and clock. */
export class RuntimeRun {
  readonly runtime: ThreadRuntime;
  readonly journal: Journal;
  readonly world: World;
  readonly clock: TestClock;
  readonly ticks: CommittedTick[] = [];
  readonly warnings: string[] = [];
  /** The adapter of each instance. */
  readonly providers = new Map<string, ScriptedProvider>();
  /** Every adapter that was made, those that were replaced included. */
  readonly made: ScriptedProvider[] = [];
  gaveUp: RuntimeError | null = null;
  readonly #scheduled: (() => void)[] = [];
  readonly #instances: readonly string[];
  #commandCount = 0;
  #idCount = 0;

  constructor(setup: RuntimeSetup) {
    const { journal, world = new World(), clock = new TestClock(), instances = ['scripted'] } = setup;
    this.journal = journal;
    this.world = world;
    this.clock = clock;
    const epoch = journal.epoch.epoch;
    this.#instances = instances;
    const warn = (_: unknown, message: string): void => void this.warnings.push(message);
    this.runtime = new ThreadRuntime({
      ...DEFAULTS,
      ...setup,
      clock,
      drivers: [
        ...(setup.driver === undefined ? [] : [setup.driver]),
        scriptedDriver(this.world, setup.capabilities ?? SCRIPTED_CAPABILITIES, (made, instanceId) => {
          this.providers.set(instanceId, made);
          this.made.push(made);
        }),
      ],
      instances: this.#instances.map((name) => ({
        instanceId: instanceIdSchema.parse(name),
        driver: setup.driver?.driver ?? 'scripted',
        command: null,
        env: {},
      })),
      newId: () => {
        this.#idCount += 1;
        return `${epoch}-${this.#idCount}`;
      },
      log: { info: () => {}, warn, error: warn },
      attachmentPath: (id) => (setup.attachments?.has(id) ? `/images/${id}` : null),
      isFolder: (path) => path !== '/missing' && !setup.goneFolders?.has(path),
      giveUp: (cause) => {
        this.gaveUp = cause;
      },
      schedule: setup.schedule ?? ((run) => void this.#scheduled.push(run)),
    });
    this.runtime.onCommitted((tick) => void this.ticks.push(tick));
  }

  /** Starts and lets everything come to rest. */
  async start(): Promise<this> {
    await this.runtime.start();
    this.settle();
    return this;
  }

  get isScheduled(): boolean {
    return this.#scheduled.length > 0;
  }

  /** Runs one scheduled tick; `false`: none is scheduled. */
  tick(): boolean {
    const run = this.#scheduled.shift();
    run?.();
    return run !== undefined;
  }

  /** Ticks and deliveries until nothing waits. No time passes. */
  settle(): void {
    for (let count = 0; this.tick() || this.world.deliver(); count += 1) {
      if (count > 100_000) throw new Error('the runtime does not come to rest');
    }
  }

  /** Lets time pass, and everything that follows from it happen when it is due. */
  pass(ms: number): void {
    const end = this.clock.monotonic() + ms;
    this.settle();
    while (this.clock.step(end)) this.settle();
    this.clock.advance(end - this.clock.monotonic());
  }

  /** Sends without letting anything happen. */
  send(command: Record<string, unknown>, commandId?: string): Promise<Outcome> {
    this.#commandCount += 1;
    const id = commandIdSchema.parse(commandId ?? `${this.runtime.info.epoch}-c${this.#commandCount}`);
    const parsed: Command = commandSchema.parse({ threadId: THREAD, ...command });
    return this.runtime.dispatch(id, parsed).then(
      (result) => ({ result }),
      (error: RuntimeError) => ({ error }),
    );
  }

  /** Sends, lets everything come to rest, and gives the result. @throws {RuntimeError} the refusal */
  async do(command: Record<string, unknown>, commandId?: string): Promise<CommandResult> {
    const outcome = this.send(command, commandId);
    this.settle();
    const done = await outcome;
    if ('error' in done) throw done.error;
    return done.result;
  }

  /** The code of the refusal; `null`: it was accepted. */
  async refusal(command: Record<string, unknown>, commandId?: string): Promise<string | null> {
    const outcome = this.send(command, commandId);
    this.settle();
    const done = await outcome;
    return 'error' in done ? done.error.code : null;
  }

  create(more: Record<string, unknown> = {}): Promise<CommandResult> {
    return this.do({ type: 'thread.create', cwd: '/work', instanceId: this.#instances[0], ...more });
  }

  submit(text: string, more: Record<string, unknown> = {}): Promise<CommandResult> {
    return this.do({ type: 'turn.submit', text, ...more });
  }

  /** The adapter of the first instance. */
  get provider(): ScriptedProvider {
    const provider = this.providers.get(this.#instances[0] ?? '');
    if (provider === undefined) throw new Error('the runtime has no adapter');
    return provider;
  }

  snapshot(threadId: ThreadId = THREAD) {
    return this.runtime.reads.snapshot(threadId, { before: null, limit: 200 }).snapshot;
  }

  get status(): string {
    return this.snapshot().thread.status;
  }

  /** Types of the facts of the thread so far. */
  facts(threadId: ThreadId = THREAD) {
    const { entries } = this.runtime.reads.entries(threadId, 0, { limit: 100_000, deltas: true });
    return entries.flatMap((entry) => entry.facts);
  }

  /** What a thread has taken in, its text left out, which is pruned when time passes. */
  inputs(threadId: ThreadId = THREAD) {
    return this.entries(threadId).filter((entry) => entry.kind === 'input');
  }

  /** Entries of a thread, its bases left out. */
  entries(threadId: ThreadId = THREAD) {
    const { entries } = this.runtime.reads.entries(threadId, 0, { limit: 100_000, deltas: true });
    return entries.filter((entry) => entry.kind !== 'base');
  }

  /** The server is killed: nothing is written any more, and its children are gone. */
  kill(): void {
    this.#scheduled.length = 0;
    this.clock.clear();
    this.world.kill();
  }
}
