/** One order of what clients, provider, time and disk do to a runtime, and what must hold whatever the order is. */
import { commandIdSchema } from '../../machines/domain/ids.ts';
import { checkJournal } from '../helpers/check-journal.ts';
import { MemoryStore, openMemoryJournal } from '../helpers/memory-journal.ts';
import { answersHeard, ScriptedClient } from '../helpers/scripted-client.ts';
import { World, type Faults } from '../helpers/scripted-world.ts';
import { RuntimeRun, THREAD } from '../helpers/start-runtime.ts';
import { TestClock } from '../helpers/test-clock.ts';
import type { Choices } from './choices.ts';

/** What happens beside the provider's words and the runtime's ticks. */
export type Disturbance = 'timer' | 'commit fails' | 'commit fails late' | 'provider dies';

export interface Scenario {
  readonly name: string;
  /** Done in order before anything is interleaved. */
  readonly before?: readonly Record<string, unknown>[];
  /** Of each client in its order; those of different clients come in any order. */
  readonly clients: readonly (readonly Record<string, unknown>[])[];
  readonly faults?: Faults;
  readonly nativeSteer?: boolean;
}

type Action = () => void;

/** The provider is heard as late as possible, or as soon as it has said something. */
const POLICIES = ['ticks first', 'provider first'] as const;

export class Schedule {
  readonly #choices: Choices;
  readonly #scenario: Scenario;
  readonly #store = new MemoryStore();
  readonly #clock = new TestClock();
  readonly #world = new World();
  readonly #client = new ScriptedClient();
  readonly #run: RuntimeRun;
  /** The order as it was, for a failure. */
  readonly #order: string[] = [];

  constructor(scenario: Scenario, choices: Choices) {
    this.#scenario = scenario;
    this.#choices = choices;
    const journal = openMemoryJournal(this.#store, { now: () => this.#clock.now(), makeEpoch: () => 'e1' });
    this.#run = new RuntimeRun({ journal, clock: this.#clock, world: this.#world });
  }

  /** @throws {Error} with the order in which it happened, when something does not hold at the end of it. */
  async play(disturbance: Disturbance | null): Promise<void> {
    try {
      await this.#prepare();
      await this.#interleave(disturbance);
      await this.#end();
    } catch (error) {
      throw new Error(`${this.#scenario.name}: ${this.#order.join(', ')}`, { cause: error });
    }
  }

  async #prepare(): Promise<void> {
    await this.#run.runtime.start();
    this.#client.connect(this.#run);
    const create = { type: 'thread.create', threadId: THREAD, cwd: '/work', instanceId: 'scripted' };
    for (const command of [create, ...(this.#scenario.before ?? [])]) {
      this.#client.send({ threadId: THREAD, ...this.#filled(command) });
      this.#run.settle();
      await answersHeard();
    }
    Object.assign(this.#world.faults, this.#scenario.faults);
  }

  /** Before each step of the runtime or the provider, any of what clients, time and disk still have to do may come. */
  async #interleave(disturbance: Disturbance | null): Promise<void> {
    const policy = POLICIES[this.#choices.choose(POLICIES.length)] ?? 'ticks first';
    const clients = this.#scenario.clients.map((commands) => [...commands]);
    const disturbances = disturbance === null ? [] : [disturbance];
    for (;;) {
      const sends = clients
        .filter((commands) => commands.length > 0)
        .map(
          (commands): Action =>
            () =>
              this.#send(commands.shift() ?? {}),
        );
      const disturbs = disturbances.map((): Action => () => this.#disturb(disturbances.shift()));
      const waits = this.#run.isScheduled || this.#world.waiting > 0;
      if (!waits && sends.length + disturbs.length === 0) return;
      const steps: Action[] = waits ? [() => this.#step(policy)] : [];
      const actions = [...steps, ...sends, ...disturbs];
      actions[this.#choices.choose(actions.length)]?.();
      await answersHeard();
    }
  }

  #step(policy: (typeof POLICIES)[number]): void {
    const isHeard = policy === 'provider first' ? this.#world.deliver() : this.#run.tick();
    if (isHeard) this.#order.push(policy === 'provider first' ? 'provider' : 'tick');
    else if (policy === 'provider first') this.#run.tick();
    else this.#world.deliver();
  }

  #send(command: Record<string, unknown>): void {
    this.#order.push(String(command['type']));
    this.#client.send({ threadId: THREAD, ...this.#filled(command) });
  }

  /** `requestId: 'open'` is the first request that waits. */
  #filled(command: Record<string, unknown>): Record<string, unknown> {
    if (command['requestId'] !== 'open') return command;
    const [request] = this.#run.journal.openRequests(THREAD);
    return { ...command, requestId: request?.requestId ?? 'none' };
  }

  #disturb(disturbance: Disturbance | undefined): void {
    this.#order.push(String(disturbance));
    if (disturbance === 'timer') this.#clock.step(Infinity);
    if (disturbance === 'commit fails') this.#store.failNextCommit = 'before';
    if (disturbance === 'commit fails late') this.#store.failNextCommit = 'after';
    if (disturbance === 'provider dies') this.#run.provider.die();
  }

  /** With everybody willing and time passing the thread comes to rest, and everything is told once. */
  async #end(): Promise<void> {
    for (const name of Object.keys(this.#world.faults)) Reflect.deleteProperty(this.#world.faults, name);
    this.#store.failNextCommit = null;
    for (let round = 0; round < 6; round += 1) {
      this.#run.pass(700_000);
      await answersHeard();
    }
    const run = this.#run;
    if (run.runtime.counters.failed > 0 || run.gaveUp !== null) throw new Error(run.warnings.join('\n'));
    this.#client.compare(run);
    checkJournal(run.journal, { loaded: run.runtime.threads.loaded() });
    if (new Set(this.#world.received).size !== this.#world.received.length)
      throw new Error('the provider received a prompt twice');
    this.#mustBeAnswered();
    this.#mustHaveAll();
    this.#mustBeSettled();
  }

  #mustBeAnswered(): void {
    for (const { id, result, error } of this.#client.asked) {
      if (result === null && error === null) throw new Error(`${id} is not answered`);
      const hasReceipt = this.#run.journal.receipt(commandIdSchema.parse(id)) !== null;
      if (hasReceipt !== (result !== null)) throw new Error(`${id} is refused with a receipt, or has none`);
    }
  }

  #mustBeSettled(): void {
    for (const thread of this.#run.runtime.threads.loaded()) {
      const isWaiting = thread.actor.charts.turn?.hasTag('person') === true;
      if (!thread.isSettled && !isWaiting) throw new Error('the thread does not settle');
    }
  }

  /** What the provider said stands in the journal, be it ignored. A deleted thread takes nothing in. */
  #mustHaveAll(): void {
    const { journal } = this.#run;
    if (journal.threadState(THREAD)?.removal !== 'none') return;
    const { entries } = this.#run.runtime.reads.entries(THREAD, 0, { limit: 100_000, deltas: false });
    const heard = entries.filter(({ input }) => input.type.startsWith('provider.'));
    if (heard.length !== this.#world.toldCount)
      throw new Error(
        `the provider said ${this.#world.toldCount} things, and ${heard.length} are in the journal`,
      );
  }
}
