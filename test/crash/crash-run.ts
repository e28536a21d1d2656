/** One scenario up to a crash, the restart, and all that must hold then. */
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import { checkJournal } from '../helpers/check-journal.ts';
import { CrashPlan, type CrashPoint } from '../helpers/crash-plan.ts';
import { answersHeard, ScriptedClient } from '../helpers/scripted-client.ts';
import { World } from '../helpers/scripted-world.ts';
import { threadId } from '../helpers/server-runs.ts';
import { RuntimeRun } from '../helpers/start-runtime.ts';
import { TestClock } from '../helpers/test-clock.ts';
import { CrashWorkspace } from './crash-workspace.ts';
import { mustBeTold } from './must-be-told.ts';
import type { Scenario, Stage } from './steps.ts';

/** Where the journal is kept, and how a server that dies by the plan sees it. */
export interface CrashStore {
  open(plan: CrashPlan, clock: TestClock): Journal;
  /** The server is dead. */
  release(): void;
}

export interface CrashOptions {
  /** What the provider has to say is taken in together, so that commits are larger. */
  readonly isBatched?: boolean;
  /** For faults that are seeded to prove that this suite sees them. */
  readonly onOpen?: (run: RuntimeRun) => void;
}

export class CrashRun {
  readonly client = new ScriptedClient();
  readonly #store: CrashStore;
  readonly #scenario: Scenario;
  readonly #options: CrashOptions;
  readonly #clock = new TestClock();
  readonly #world = new World();
  readonly #workspace: CrashWorkspace | null;

  constructor(store: CrashStore, scenario: Scenario, options: CrashOptions = {}) {
    this.#store = store;
    this.#scenario = scenario;
    this.#options = options;
    this.#workspace = scenario.isInRepository === true ? new CrashWorkspace() : null;
  }

  /** How often each place was reached by what the scenario only needs. */
  given: CrashPlan['counts'] = { before: 0, after: 0, effect: 0 };

  /** Until the crash, or to the end without one. Returns how often each place was reached. */
  async play(point: CrashPoint | null): Promise<CrashPlan> {
    const plan = new CrashPlan(point);
    const run = this.#open(plan);
    try {
      await run.runtime.start();
    } catch (error) {
      if (!plan.isDead) throw error;
    }
    if (!plan.isDead) this.client.connect(run);
    for (const [index, step] of this.#scenario.steps.entries()) {
      if (plan.isDead) break;
      if (index === this.#scenario.givenCount) this.given = { ...plan.counts };
      step(this.#stage(run));
      await this.#rest(run, plan);
    }
    if (plan.isDead) this.#workspace?.abandon();
    await this.#end(run);
    return plan;
  }

  /** The next run dies, too: in the middle of its recovery, or of the look-ups after it. */
  async dieAgain(point: CrashPoint): Promise<void> {
    const plan = new CrashPlan(point);
    const run = this.#open(plan);
    try {
      await run.runtime.start();
    } catch (error) {
      if (!plan.isDead) throw error;
    }
    await this.#rest(run, plan);
    await this.#end(run);
  }

  /** @throws what does not hold after the crash */
  async recover(): Promise<void> {
    this.#world.onPerform = null;
    const plan = new CrashPlan(null);
    const run = this.#open(plan);
    await run.runtime.start();
    this.#mustNotRun(run);
    this.#workspace?.openGate();
    this.client.connect(run);
    for (const key of Object.keys(this.#world.faults)) Reflect.deleteProperty(this.#world.faults, key);
    for (const asked of this.client.asked) {
      if (asked.error !== null) continue;
      this.client.sendAgain(asked);
      await this.#rest(run, plan);
      if (asked.result === null && asked.error === null) throw new Error(`${asked.id} is not answered`);
    }
    this.#clock.advance(61_000);
    await this.#rest(run, plan);
    for (const threadId of run.journal.threadIds()) await this.#goOn(run, threadId);
    this.#scenario.holds?.(this.#stage(run));
    if (run.runtime.counters.failed > 0) throw new Error(run.warnings.join());
    this.client.compare(run);
    this.#mustHaveReceivedOnce(run);
    this.#mustHaveDoneOnce(run);
    mustBeTold(run);
    checkJournal(run.journal, { loaded: run.runtime.threads.loaded() });
    if (this.#workspace !== null) await this.#clean(run, this.#workspace);
    await this.#end(run);
  }

  /** A deleted thread leaves no working tree, and a purged one nothing at all. */
  async #clean(run: RuntimeRun, workspace: CrashWorkspace): Promise<void> {
    const plan = new CrashPlan(null);
    const isDeleted = (id: string): boolean => run.journal.threadState(threadId(id))?.removal === 'deleted';
    const left = workspace.treesOf.filter(isDeleted);
    if (left.length > 0) throw new Error(`deleted threads have left a working tree: ${left.join()}`);
    const threadIds = run.journal.threadIds();
    for (const id of threadIds.filter((each) => !isDeleted(each)))
      this.client.send({ type: 'thread.delete', threadId: id });
    await this.#rest(run, plan);
    const purged = run.runtime.purge(threadIds);
    for (let isOver = false; !isOver; this.#clock.advance(25)) {
      await this.#rest(run, plan);
      isOver = run.journal.purges().length === 0;
    }
    await purged;
    await this.#rest(run, plan);
    workspace.mustBeClean();
  }

  #stage(run: RuntimeRun): Stage {
    return { run, client: this.client, workspace: this.#workspace };
  }

  /** What a server has begun outside ends by itself; a dead one does not hear of it. */
  async #end(run: RuntimeRun): Promise<void> {
    this.client.disconnect();
    await this.#workspace?.rest();
    run.kill();
    this.#store.release();
  }

  #open(plan: CrashPlan): RuntimeRun {
    const world = this.#world;
    world.onPerform = () => plan.reach('effect');
    const journal = this.#store.open(plan, this.#clock);
    const instances = ['scripted', 'other'];
    const { capabilities } = this.#scenario;
    const run = new RuntimeRun({
      journal,
      world,
      clock: this.#clock,
      instances,
      ...(capabilities && { capabilities }),
      ...this.#workspace?.partsFor(plan, journal),
    });
    this.#options.onOpen?.(run);
    return run;
  }

  async #rest(run: RuntimeRun, plan: CrashPlan): Promise<void> {
    for (let count = 0; !plan.isDead && (this.#goOnce(run) || (await this.#goOutside(run))); count += 1) {
      if (count > 10_000) throw new Error('the runtime does not come to rest');
      // before the next tick
      await answersHeard();
    }
    await answersHeard();
  }

  /** `true`: what was done to files has led to something. */
  async #goOutside(run: RuntimeRun): Promise<boolean> {
    await this.#workspace?.rest();
    return run.isScheduled;
  }

  #goOnce(run: RuntimeRun): boolean {
    if (this.#options.isBatched === true) while (run.world.deliver());
    return run.tick() || run.world.deliver();
  }

  /** Right after recovery no provider is there: nothing may be shown as if it ran. */
  #mustNotRun(run: RuntimeRun): void {
    for (const threadId of run.journal.threadIds()) {
      const state = run.journal.threadState(threadId);
      const status = state?.row.status;
      const isReconciling = run.runtime.reads.machineState(threadId).tags.includes('reconciling');
      if (status === 'running' || (status === 'starting' && !isReconciling)) {
        throw new Error(`${threadId} is shown as ${status} without a provider`);
      }
      if (state?.removal === 'deleting') throw new Error(`${threadId} is still being deleted`);
      const open = run.journal.openRequests(threadId);
      if (open.length > 0) throw new Error(`${threadId} has requests that nobody can answer`);
    }
  }

  /** Every thread that is not deleted answers what is asked, ends what runs, and takes a prompt. */
  async #goOn(run: RuntimeRun, threadId: ThreadId): Promise<void> {
    if (run.journal.threadState(threadId)?.removal !== 'none') return;
    const plan = new CrashPlan(null);
    const ask = async (command: Record<string, unknown>): Promise<void> => {
      const asked = this.client.send({ threadId, ...command });
      await this.#rest(run, plan);
      if (asked.error !== null)
        throw new Error(`${asked.id} ${JSON.stringify(command)}: ${asked.error.message}`);
    };
    for (const { requestId, body } of run.snapshot(threadId).requests) {
      const given = body.kind === 'question' ? { answers: { q1: ['blue'] } } : { decision: 'accept' };
      await ask({ type: 'request.respond', requestId, ...given });
    }
    await ask({ type: 'turn.interrupt' });
    for (const entry of run.snapshot(threadId).queue.entries) {
      await ask({ type: 'queue.cancel', queueEntryId: entry.turnId });
    }
    if (run.snapshot(threadId).thread.archived) await ask({ type: 'thread.unarchive' });
    await ask({ type: 'turn.submit', text: 'next' });
    const { thread, turn } = run.snapshot(threadId);
    if (thread.status !== 'ready' || turn?.status !== 'completed') {
      throw new Error(`the next prompt of ${threadId} leaves it ${thread.status}, its turn ${turn?.status}`);
    }
  }

  /** No prompt reached the provider twice, and none that the journal does not know. */
  #mustHaveReceivedOnce(run: RuntimeRun): void {
    const known = new Set<string>();
    for (const fact of run.journal.threadIds().flatMap((threadId) => run.facts(threadId))) {
      if (fact.type === 'turn.began') known.add(fact.turnId);
      if (fact.type === 'turn.steered' || fact.type === 'turn.steerUnanswered') known.add(fact.steerId);
    }
    const seen = new Set<string>();
    for (const id of this.#world.received) {
      if (seen.has(id)) throw new Error(`the provider received ${id} twice`);
      seen.add(id);
      const turnId = id.slice(0, id.lastIndexOf('.'));
      if (!known.has(turnId)) throw new Error(`the provider received ${id}, which is not in the journal`);
    }
  }

  /** Each command that was accepted is in the journal once, each that was refused is not. */
  #mustHaveDoneOnce(run: RuntimeRun): void {
    const counts = new Map<string, number>();
    for (const threadId of run.journal.threadIds()) {
      for (const { commandId } of run.journal.readThread(threadId, 0, { limit: 1_000_000, deltas: false })) {
        if (commandId !== null) counts.set(commandId, (counts.get(commandId) ?? 0) + 1);
      }
    }
    for (const { id, result } of this.client.asked) {
      const expected = result === null ? 0 : 1;
      if ((counts.get(id) ?? 0) !== expected)
        throw new Error(`${id} is ${counts.get(id) ?? 0} times in the journal`);
    }
  }
}
