/** One order of what clients, provider, time and disk do to a runtime, and what must hold whatever the order is. */
import { createHash } from 'node:crypto';
import { commandIdSchema } from '../../machines/domain/ids.ts';
import { checkJournal } from '../helpers/check-journal.ts';
import { MemoryStore, openMemoryJournal } from '../helpers/memory-journal.ts';
import { answersHeard, ScriptedClient } from '../helpers/scripted-client.ts';
import { World, type Faults } from '../helpers/scripted-world.ts';
import { RuntimeRun, THREAD } from '../helpers/start-runtime.ts';
import { TestClock } from '../helpers/test-clock.ts';
import { watchIngress } from './watch-ingress.ts';

/** What happens beside commands, the provider's words and the runtime's ticks. */
export const DISTURBANCES = ['commit fails', 'commit fails late', 'timer', 'provider dies'] as const;
export type Disturbance = (typeof DISTURBANCES)[number];

export interface Scenario {
  readonly name: string;
  /** Done in order before anything is interleaved. */
  readonly before?: readonly Record<string, unknown>[];
  /** Of each client in its order; those of different clients come in any order. */
  readonly clients: readonly (readonly Record<string, unknown>[])[];
  readonly faults?: Faults;
  /** Below it something is not explored any more: without and with a disturbance. */
  readonly fewestOrders: { readonly undisturbed: number; readonly disturbed: number };
}

/** What can happen next. */
interface Move {
  readonly name: string;
  readonly do: () => void;
  readonly isDisturbance?: true;
}

export class Schedule {
  readonly #scenario: Scenario;
  readonly #store = new MemoryStore();
  readonly #clock = new TestClock();
  readonly #world = new World();
  readonly #client = new ScriptedClient();
  readonly #waiting = watchIngress();
  readonly #run: RuntimeRun;
  readonly #commands: Record<string, unknown>[][];
  /** How many disturbances may still come. */
  #disturbanceCount: number;
  /** What happened, in its order. */
  readonly #order: string[] = [];
  /** The journal as text, as far as it has been read. */
  readonly #entries: string[] = [];

  constructor(scenario: Scenario, disturbanceCount: number) {
    this.#scenario = scenario;
    this.#disturbanceCount = disturbanceCount;
    this.#commands = scenario.clients.map((commands) => [...commands]);
    const journal = openMemoryJournal(this.#store, { now: () => this.#clock.now(), makeEpoch: () => 'e1' });
    this.#run = new RuntimeRun({ journal, clock: this.#clock, world: this.#world });
  }

  async prepare(): Promise<void> {
    await this.#run.runtime.start();
    this.#client.connect(this.#run);
    const create = { type: 'thread.create', threadId: THREAD, cwd: '/work', instanceId: 'scripted' };
    for (const command of [create, ...(this.#scenario.before ?? [])]) {
      this.#send(command);
      this.#run.settle();
      await answersHeard();
    }
    Object.assign(this.#world.faults, this.#scenario.faults);
  }

  /** How many things can happen next. */
  get moveCount(): number {
    return this.#moves().length;
  }

  /** Nobody has anything to do any more, but for disturbances. */
  get isOver(): boolean {
    return this.#moves().every((move) => move.isDisturbance === true);
  }

  async move(index: number): Promise<void> {
    const move = this.#moves()[index];
    if (move === undefined) throw new Error('an order that is repeated took another way');
    this.#order.push(move.name);
    move.do();
    await answersHeard();
  }

  #moves(): Move[] {
    const [run, world] = [this.#run, this.#world];
    const sends = this.#commands.flatMap((commands, client): Move[] => {
      const [next] = commands;
      if (next === undefined) return [];
      const name = `${String(next['type'])} of client ${client}`;
      return [{ name, do: () => this.#send(commands.shift() ?? {}) }];
    });
    return [
      ...(run.isScheduled ? [{ name: 'tick', do: () => void run.tick() }] : []),
      ...(world.waiting > 0 ? [{ name: 'provider', do: () => void world.deliver() }] : []),
      ...(run.runtime.isReady() ? [] : [{ name: 'another try', do: () => void this.#clock.step(Infinity) }]),
      ...sends,
      ...(this.#disturbanceCount > 0 ? this.#disturbances() : []),
    ];
  }

  /** Where a commit fails is all the same until the next one comes: it is decided then. */
  #disturbances(): Move[] {
    const fail = (when: 'before' | 'after') => (): void => {
      this.#store.failNextCommit = when;
      this.#run.tick();
      this.#store.failNextCommit = null;
    };
    const all: Readonly<Record<Disturbance, () => void>> = {
      'commit fails': fail('before'),
      'commit fails late': fail('after'),
      timer: () => void this.#clock.step(Infinity),
      'provider dies': () => this.#run.provider.die(),
    };
    const possible = DISTURBANCES.filter((name) => this.#run.isScheduled || !name.startsWith('commit'));
    return possible.map((name) => ({
      name,
      isDisturbance: true,
      do: () => {
        this.#disturbanceCount -= 1;
        all[name]();
      },
    }));
  }

  #send(command: Record<string, unknown>): void {
    const [request] = this.#run.journal.openRequests(THREAD);
    // `requestId: 'open'` is the first request that waits
    const named = command['requestId'] === 'open' ? { requestId: request?.requestId ?? 'none' } : {};
    this.#client.send({ threadId: THREAD, ...command, ...named });
  }

  /**
   * Two runs with the same key have the same past, as far as anybody can tell, and the same future: what was committed
   * and answered, what waits, what provider and runtime hold. Only numbers from which ids will be made are not in it.
   */
  key(): string {
    const { runtime, provider } = this.#run;
    const { conversations, faults, received, performed, said } = this.#world;
    const sessions = provider.connectionIds.map((id) => {
      const { native, turn } = provider.session(id);
      return { id, native, turn: turn === null ? null : { ...turn, openRequests: [...turn.openRequests] } };
    });
    const threads = [...runtime.threads.loaded()].map((thread) => {
      const { threadId, actor, timers, version, lastProgressAt, sinceStored } = thread;
      return { threadId, charts: actor.store(), timers, version, lastProgressAt, sinceStored };
    });
    const hash = createHash('sha1');
    for (const text of this.#history()) hash.update(text);
    const parts = [
      [this.#commands, this.#disturbanceCount, this.#client.asked, this.#client.failures],
      [[...conversations], faults, received, performed, said, sessions, provider.isPaused],
      [threads, this.#waiting(), this.#run.isScheduled, runtime.isReady(), this.#clock.dueAt],
    ];
    return hash.update(JSON.stringify(parts)).digest('base64');
  }

  #history(): readonly string[] {
    const all = [...this.#store.streams.values()].flat().toSorted((a, b) => a.sequence - b.sequence);
    for (const { value } of all.slice(this.#entries.length)) this.#entries.push(JSON.stringify(value.read()));
    return this.#entries;
  }

  /** With everybody willing and time passing the thread comes to rest, and everything is told once. */
  async end(): Promise<void> {
    for (const name of Object.keys(this.#world.faults)) Reflect.deleteProperty(this.#world.faults, name);
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

  /** For a failure. */
  get order(): string {
    return `${this.#scenario.name}: ${this.#order.join(', ')}`;
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
