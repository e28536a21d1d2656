/** Puts the parts together: ingress → tick → release, with recovery at the start and a drain at the end. */
import type { Command, CommandResult } from '../../machines/domain/command.ts';
import { failureOf, RuntimeError } from '../../machines/domain/error.ts';
import type { CommandId, ThreadId } from '../../machines/domain/ids.ts';
import type { RuntimeInput } from '../../machines/domain/input.ts';
import type { InstanceConfig } from '../../machines/ports/provider.ts';
import { Adapters } from './adapters.ts';
import { AgentKeys } from './agent-keys.ts';
import { Announcements } from './announcements.ts';
import { Checkpoints } from './checkpoints.ts';
import type { CommittedTick, Diffs, FolderReads, Runtime, RuntimeReads, ServerInfo } from './api.ts';
import { Chores } from './chores.ts';
import { ConfiguredInstances, type InstanceChanges } from './configured-instances.ts';
import { takeChanged } from './committed.ts';
import { DeltaBuffer } from './delta-buffer.ts';
import { StoredDiffs } from './diffs.ts';
import { Effects, type Performers } from './effects.ts';
import { familyOf, type Family } from './family.ts';
import { NO_FOLDERS } from './folders.ts';
import { fingerprintOf } from './fingerprint.ts';
import { Hibernation } from './hibernation.ts';
import { Ingress, type Arrival, type Stream } from './ingress.ts';
import { Inspections } from './inspections.ts';
import { Instances } from './instances.ts';
import type { LoadedThread } from './loaded-thread.ts';
import { machineHash } from './machine-hash.ts';
import { StoredPast } from './past.ts';
import { checkDeleted } from './purge.ts';
import { Reads } from './reads.ts';
import { endSurvivors } from './recover.ts';
import type { RuntimeOptions } from './runtime-options.ts';
import { Retirement } from './retirement.ts';
import type { Staging } from './staging.ts';
import { abilitiesOf, type Counters } from './take.ts';
import { TickLoop } from './tick.ts';
import { ThreadWorktrees } from './thread-worktrees.ts';
import { Threads } from './threads.ts';
import { Timers } from './timers.ts';
import { Transfers } from './transfers.ts';

/** The running system. Made by `start`; nothing is taken in before recovery is through. */
export class ThreadRuntime implements Runtime {
  readonly info: ServerInfo;
  readonly reads: RuntimeReads;
  readonly diffs: Diffs;
  readonly past: StoredPast;
  readonly threads: Threads;
  readonly keys: AgentKeys;
  readonly family: Family;
  readonly counters: Counters = {
    ignored: 0,
    failed: 0,
    staleTimers: 0,
    lateDeltas: 0,
    refused: 0,
    malformed: 0,
  };
  readonly #options: RuntimeOptions;
  readonly #instances: Instances;
  readonly #adapters: Adapters;
  readonly #configured: ConfiguredInstances;
  readonly #retirement: Retirement;
  readonly #ingress: Ingress;
  readonly #deltas: DeltaBuffer;
  readonly #timers: Timers;
  readonly #checkpoints: Checkpoints;
  readonly #worktrees: ThreadWorktrees;
  readonly #effects: Effects;
  readonly #transfers: Transfers;
  readonly #loop: TickLoop;
  readonly #hibernation: Hibernation;
  readonly #chores: Chores;
  readonly #announcements: Announcements;
  readonly #inspections = new Inspections();
  #phase: 'starting' | 'ready' | 'stopping' | 'stopped' = 'starting';
  #onSettled: (() => void) | null = null;
  #notices: readonly string[] = [];
  #stopping: Promise<void> | null = null;

  readonly #tell = (threadId: ThreadId, input: RuntimeInput): void =>
    this.#ingress.push({ kind: 'runtime', threadId, input });

  constructor(options: RuntimeOptions) {
    this.#options = options;
    const { journal, clock, log, history, release: version } = options;
    this.info = { version, epoch: journal.epoch.epoch, machineHash: machineHash(version) };
    this.threads = new Threads({
      ...options,
      machineHash: this.info.machineHash,
      inspections: this.#inspections,
      onQuarantined: (threadId, error) => log.error({ threadId, error }, 'a thread is quarantined'),
      onMended: (threadId, error) => log.warn({ threadId, error }, 'damaged rows were made again'),
    });
    [this.keys, this.family] = [new AgentKeys(this.threads), familyOf(options, this.threads)];
    this.#instances = new Instances(journal);
    const reads = (this.reads = new Reads(journal, this.threads, this.#instances));
    this.past = new StoredPast({ ...options, reads, threads: this.threads });
    this.diffs = new StoredDiffs({ journal, history: options.history ?? null });
    this.#ingress = new Ingress(
      () => this.#loop.wake(),
      (isFull) => this.#adapters.setPaused('ingress', isFull),
    );
    const seen = { threads: this.threads, reads, instances: this.#instances, inspections: this.#inspections };
    this.#announcements = new Announcements({ ...options, ...seen });
    const push = (arrival: Arrival): void => this.#ingress.push(arrival);
    this.#deltas = this.#makeDeltas(push);
    this.#adapters = new Adapters({ ...options, deltas: this.#deltas, push });
    this.#configured = new ConfiguredInstances({ ...options, adapters: this.#adapters, push });
    const told = { ...options, threads: this.threads, push: this.#tell };
    this.#checkpoints = new Checkpoints({ ...told, history: history ?? null });
    const schedule = options.schedule ?? ((run: () => void) => void setImmediate(run));
    this.#transfers = new Transfers({ ...told, schedule });
    this.#worktrees = new ThreadWorktrees({ ...options, deltas: this.#deltas, push });
    this.#effects = new Effects(this.threads, this.#performers());
    this.#timers = new Timers(
      clock,
      (stream, { name, armedBy }) => this.#fire(stream, name, armedBy),
      (byMs) => this.#clockJumped(byMs),
    );
    const shared = { ...options, threads: this.threads, instances: this.#instances };
    this.#loop = new TickLoop({
      ...shared,
      machineHash: this.info.machineHash,
      ...abilitiesOf(options),
      counters: this.counters,
      ingress: this.#ingress,
      warn: (message, details) => log.warn(details, message),
      release: (staging) => this.#release(staging),
      reload: (threadIds) => this.#reload(threadIds),
      storeFailing: (isFailing) => this.#adapters.setPaused('store', isFailing),
      schedule,
    });
    const closing = { ...shared, adapters: this.#adapters, push: this.#tell };
    this.#retirement = new Retirement(closing);
    this.#hibernation = new Hibernation({ ...closing, retirement: this.#retirement });
    this.#chores = this.#makeChores(options);
  }

  get folders(): FolderReads {
    return this.#options.folders ?? NO_FOLDERS;
  }

  /**
   * Ends what the last run has left, brings every thread that it left in the middle of something to a settled state
   * or a look-up, and opens the door.
   * @throws {RuntimeError} STORE_UNAVAILABLE when the first commits fail; only `stop` can follow
   */
  async start(): Promise<void> {
    const { journal, instances, endSurvivor, log } = this.#options;
    await endSurvivors(journal, endSurvivor, log);
    this.#configured.start(instances);
    this.#recover();
    if (this.#loop.isStoreFailing) {
      this.#loop.stop();
      throw new RuntimeError('STORE_UNAVAILABLE', 'the journal could not be written');
    }
    this.#phase = 'ready';
    this.#hibernation.start();
    this.#chores.start();
    void this.#worktrees.removeLeft((id) => journal.threadState(id)?.removal === 'deleted');
    log.info({ epoch: this.info.epoch, loadedThreads: this.threads.size }, 'recovery is finished');
  }

  /** No provider process is left: every thread that had one learns of it. */
  #recover(): void {
    for (const threadId of this.#options.journal.unsettledThreads()) {
      this.#ingress.push({ kind: 'runtime', threadId, input: { type: 'runtime.recovered' } });
    }
    this.#runDry();
  }

  #runDry(): void {
    while (this.#ingress.length > 0 && !this.#loop.isStoreFailing) this.#loop.run();
  }

  /**
   * The configuration lists these instances now. What has not changed keeps its process and its connections, what has
   * is made anew when no turn runs on it, what is not listed any more is closed then; nothing is cut.
   * @throws {RuntimeError} SHUTTING_DOWN
   */
  applyInstances(instances: readonly InstanceConfig[]): InstanceChanges {
    if (this.#phase !== 'ready') throw new RuntimeError('SHUTTING_DOWN', 'the server is not running');
    return this.#configured.apply(instances);
  }

  /** What the configuration asks for and is not in force, and why. */
  setNotices(notices: readonly string[]): void {
    this.#notices = notices.map((notice) => this.#options.redact(notice));
  }

  get notices(): readonly string[] {
    return this.#notices;
  }

  isReady(): boolean {
    return this.#phase === 'ready' && !this.#loop.isStoreFailing;
  }

  dispatch(commandId: CommandId, command: Command): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      this.#checkDoor();
      if (command.type !== 'thread.create') this.#deltas.flush(command.threadId);
      const fingerprint = fingerprintOf(command);
      this.#ingress.push({ kind: 'command', commandId, command, fingerprint, resolve, reject });
    });
  }

  async purge(threadIds: readonly ThreadId[]): Promise<void> {
    if (this.#phase !== 'ready') throw new RuntimeError('SHUTTING_DOWN', 'the server takes no commands now');
    for (const threadId of threadIds) checkDeleted(this.#options.journal, threadId);
    await Promise.all(threadIds.map((threadId) => this.#chores.purge(threadId)));
  }

  onCommitted(listener: (tick: CommittedTick) => void): () => void {
    return this.#announcements.listen(listener);
  }

  watch(threadId: ThreadId): () => void {
    return this.#announcements.watch(threadId);
  }

  inspect(threadId: ThreadId): () => void {
    return this.#inspections.start(threadId, () => this.threads.peek(threadId));
  }

  /** What is going on inside, for `/metrics`. */
  get figures(): Readonly<Record<string, number>> {
    return {
      ...this.counters,
      commits: this.#loop.commitCount,
      failedCommits: this.#loop.failedCommitCount,
      droppedEffects: this.#effects.droppedCount,
      ingressLength: this.#ingress.length,
      ingressBytes: this.#ingress.sizeBytes,
      loadedThreads: this.threads.size,
      armedStreams: this.#timers.size,
    };
  }

  /**
   * Takes no more commands, waits until no turn runs or `deadlineMs` has passed, ends all providers, and writes down
   * what became of their threads. The journal is the caller's to close. Again: waits for the first.
   */
  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#stop(deadlineMs);
    return this.#stopping;
  }

  async #stop(deadlineMs: number): Promise<void> {
    this.#phase = 'stopping';
    this.#hibernation.stop();
    this.#chores.stop();
    this.#transfers.stop();
    this.past.stop();
    await this.#drained(deadlineMs);
    this.#phase = 'stopped';
    this.#deltas.releaseEverything(null);
    this.#adapters.deafen();
    this.#runDry();
    await Promise.all([this.#adapters.dispose(), this.#worktrees.dispose()]);
    try {
      this.#recover();
      // the files as the turns left them, before anybody else changes them
      await this.#checkpoints.idle();
      this.#runDry();
    } catch (error) {
      // a store that does not answer: the next start does the same
      this.#options.log.error(
        { failure: failureOf(error) },
        'what became of the threads is not written down',
      );
    }
    this.#loop.stop();
    this.#timers.stop();
    this.#ingress.refuse(new RuntimeError('SHUTTING_DOWN', 'the server has stopped'));
  }

  /** Ends the waiting of a `stop` that is under way. */
  hurry(): void {
    this.#onSettled?.();
  }

  /** @throws {RuntimeError} what can be said before the command is queued */
  #checkDoor(): void {
    if (this.#phase !== 'ready') throw new RuntimeError('SHUTTING_DOWN', 'the server takes no commands now');
    if (this.#loop.isStoreFailing)
      throw new RuntimeError('STORE_UNAVAILABLE', 'the journal cannot be written');
  }

  #release(staging: Staging): void {
    const changed = takeChanged(staging, this.#instances);
    for (const { threadId } of staging.threads) this.#arm(this.threads.peek(threadId));
    for (const instance of staging.instances) {
      this.#timers.set({ kind: 'instance', id: instance.instanceId }, instance.timers, () => 0);
    }
    this.keys.look(staging.threads);
    this.#effects.release(staging.effects);
    this.#retirement.look();
    for (const answer of staging.answers) {
      if ('result' in answer) answer.arrival.resolve(answer.result);
      else answer.arrival.reject(answer.error);
    }
    this.#announcements.say(staging, changed);
    if (staging.entries.some((entry) => entry.kind === 'base')) this.#chores.noteBase();
    if (this.#onSettled !== null && !this.#isBusy()) this.#onSettled();
  }

  #arm(thread: LoadedThread | null): void {
    if (thread === null) return;
    this.#timers.set({ kind: 'thread', id: thread.threadId }, thread.timers, () => thread.lastProgressAt);
  }

  #reload(threadIds: readonly ThreadId[]): void {
    this.#timers.clear();
    for (const threadId of threadIds) this.#arm(this.threads.get(threadId));
    for (const instance of this.#instances.all()) {
      this.#timers.set({ kind: 'instance', id: instance.instanceId }, instance.timers, () => 0);
    }
  }

  #performers(): Performers {
    const [adapters, transfers, checkpoints] = [this.#adapters, this.#transfers, this.#checkpoints];
    return { adapters, transfers, checkpoints, worktrees: this.#worktrees, keys: this.keys };
  }

  #makeDeltas(push: (arrival: Arrival) => void): DeltaBuffer {
    const { deltaWindowMs: windowMs, clock } = this.#options;
    return new DeltaBuffer({
      windowMs,
      clock,
      out: (threadId, input) => push({ kind: 'delta', threadId, input }),
      push,
      isBuffered: (threadId) => isBuffered(this.threads.peek(threadId)),
      onHeld: (threadId) => this.threads.peek(threadId)?.noteProgress(clock.monotonic()),
    });
  }

  #makeChores(options: RuntimeOptions): Chores {
    return new Chores({
      ...options,
      commitCount: () => this.#loop.commitCount,
      isBusy: () => this.#ingress.length > 0 || this.#loop.isStoreFailing,
      forget: (threadId) => {
        this.threads.drop(threadId);
        this.past.forget(threadId);
        this.#checkpoints.forget(threadId, options.journal.checkpointRoots(threadId));
        this.#worktrees.remove(threadId);
      },
    });
  }

  #fire(stream: Stream, timer: string, armedBy: number): void {
    if (stream.kind === 'thread') this.#deltas.timedOut(stream.id, timer);
    this.#ingress.push({ kind: 'timer', stream, timer, armedBy });
  }

  #clockJumped(byMs: number): void {
    this.#options.log.warn({ byMs }, 'the wall clock jumped');
    for (const { threadId, timers } of this.threads.loaded()) {
      if (Object.keys(timers).length === 0) continue;
      this.#ingress.push({ kind: 'runtime', threadId, input: { type: 'runtime.clockJumped', byMs } });
    }
  }

  #isBusy(): boolean {
    return Iterator.from(this.threads.loaded()).some((thread) => !thread.isSettled);
  }

  #drained(deadlineMs: number): Promise<void> {
    if (!this.#isBusy()) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(deadlineMs, resolve);
      this.#onSettled = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** A change of the mode counts from the next turn. */
function isBuffered(thread: LoadedThread | null): boolean {
  const { activeTurn, settings } = thread?.context ?? {};
  return (activeTurn?.deliveryMode ?? settings?.deliveryMode) === 'buffered';
}
