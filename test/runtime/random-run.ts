/** Everything that can happen to a server, at random: commands, faults, deaths, failed commits, jumps of time. */
import type { ThreadId } from '../../machines/domain/ids.ts';
import { commandIdSchema, requestIdSchema, turnIdSchema } from '../../machines/domain/ids.ts';
import { checkJournal } from '../helpers/check-journal.ts';
import { MemoryStore, openMemoryJournal } from '../helpers/memory-journal.ts';
import { Random } from '../helpers/random.ts';
import { answersHeard, ScriptedClient } from '../helpers/scripted-client.ts';
import { World } from '../helpers/scripted-world.ts';
import { threadId } from '../helpers/server-runs.ts';
import { RuntimeRun } from '../helpers/start-runtime.ts';
import { TestClock } from '../helpers/test-clock.ts';
import { INSTANCES, randomCommand } from './random-command.ts';

const THREADS: readonly ThreadId[] = ['t1', 't2', 't3', 't4', 't5', 't6'].map(threadId);

const FAULTS = {
  open: ['fail', 'silent', 'forgotten'],
  close: ['fail', 'silent'],
  start: ['silent'],
  interrupt: ['silent', 'refuse', 'complete'],
  steer: ['silent', 'refuse'],
  answer: ['silent', 'fail'],
  settle: ['silent'],
  process: ['fail', 'silent', 'missing'],
  lookUp: ['silent', 'unknown'],
} as const;
const WEIGHTS = {
  command: 22,
  go: 30,
  settle: 12,
  fault: 3,
  mend: 3,
  time: 8,
  jump: 1,
  provider: 3,
  stray: 3,
  failCommit: 2,
  crash: 1.5,
  check: 0.5,
};
const PASSES_MS = [1, 20, 300, 5_000, 16_000, 31_000, 61_000, 610_000, 1_900_000];

export class RandomRun {
  readonly counts = { steps: 0, crashes: 0, failedCommits: 0, checks: 0, accepted: 0, refused: 0 };
  readonly #random: Random;
  readonly #store = new MemoryStore();
  readonly #clock = new TestClock();
  readonly #world = new World();
  readonly #client = new ScriptedClient();
  #run: RuntimeRun | null = null;

  readonly #steps: Readonly<Record<keyof typeof WEIGHTS, () => void | Promise<void>>> = {
    command: () => {
      const threadId = this.#random.pick(THREADS);
      this.#client.send(randomCommand({ random: this.#random, threadId, journal: this.#now.journal }));
    },
    go: () => {
      for (let left = this.#random.below(12); left > 0 && this.#go(); left -= 1);
    },
    settle: () => this.#now.settle(),
    fault: () => this.#fault(),
    mend: () => this.#mend(),
    time: () => this.#clock.advance(this.#random.pick(PASSES_MS)),
    jump: () => this.#clock.jump(this.#random.pick([-3_600_000, -5_000, 5_000, 3_600_000])),
    provider: () => this.#ofProvider(),
    stray: () => this.#stray(),
    failCommit: () => {
      this.counts.failedCommits += 1;
      this.#store.failNextCommit = this.#random.pick(['before', 'after']);
    },
    crash: () => this.#crash(),
    check: () => this.#check(),
  };

  readonly #watch: (run: RuntimeRun) => void;

  /** `watch` sees each start of the server. */
  constructor(seed: number, watch: (run: RuntimeRun) => void = () => {}) {
    this.#random = new Random(seed);
    this.#watch = watch;
  }

  async play(stepCount: number): Promise<void> {
    await this.#start();
    for (const [index, id] of THREADS.entries()) {
      const instanceId = INSTANCES[index % 2];
      const deliveryMode = index < 4 ? 'streaming' : 'buffered';
      this.#client.send({ type: 'thread.create', threadId: id, cwd: '/work', instanceId, deliveryMode });
    }
    this.#now.settle();
    for (; this.counts.steps < stepCount; this.counts.steps += 1) await this.#step();
    await this.#end();
  }

  get #now(): RuntimeRun {
    if (this.#run === null) throw new Error('no server runs');
    return this.#run;
  }

  async #start(): Promise<void> {
    const journal = openMemoryJournal(this.#store, {
      now: () => this.#clock.now(),
      makeEpoch: () => `e${this.#store.epochs.length + 1}`,
    });
    const deltaWindowMs = this.#random.pick([0, 25]);
    const parts = { journal, clock: this.#clock, world: this.#world, instances: INSTANCES, deltaWindowMs };
    this.#run = new RuntimeRun(parts);
    this.#watch(this.#run);
    await this.#run.runtime.start();
    this.#mustNotRun(this.#run);
    this.#client.connect(this.#run);
  }

  async #step(): Promise<void> {
    await this.#steps[this.#random.weighted(WEIGHTS)]();
    await answersHeard();
  }

  #go(): boolean {
    return this.#random.chance(0.5)
      ? this.#now.tick() || this.#world.deliver()
      : this.#world.deliver() || this.#now.tick();
  }

  #fault(): void {
    const name = this.#random.pick(Object.keys(FAULTS) as (keyof typeof FAULTS)[]);
    Object.assign(this.#world.faults, { [name]: this.#random.pick<string>(FAULTS[name]) });
  }

  #mend(): void {
    for (const name of Object.keys(this.#world.faults)) Reflect.deleteProperty(this.#world.faults, name);
  }

  /** A turn of its own, or the death of the process. */
  #ofProvider(): void {
    const provider = this.#now.providers.get(this.#random.pick(INSTANCES));
    if (provider === undefined) return;
    if (this.#random.chance(0.1)) return provider.die();
    const [connectionId] = provider.connectionIds;
    if (connectionId !== undefined)
      provider.begin(connectionId, this.#random.pick(['own', 'own ask', 'own wait']));
  }

  /** What no provider should say: of other turns, connections and requests. */
  #stray(): void {
    const random = this.#random;
    const id = random.pick(THREADS);
    const provider = this.#now.providers.get(random.pick(INSTANCES));
    const connectionId = provider?.connectionIds[0];
    if (provider === undefined || connectionId === undefined) return;
    const session = provider.session(connectionId);
    const turnId = random.chance(0.5) ? null : turnIdSchema.parse('stray');
    const named = {
      connectionId,
      turnId,
      attempt: random.below(2),
      nativeTurnId: random.pick([null, 'turn1', 'stray']),
    };
    const requestId = requestIdSchema.parse('stray');
    const report = random.pick([
      { type: 'provider.turnEnded', ...named, outcome: 'completed', failure: null },
      { type: 'provider.turnAccepted', ...named },
      { type: 'provider.steerAccepted', ...named, steerId: turnIdSchema.parse('stray') },
      { type: 'provider.requestResolved', connectionId, requestId, owner: 'turn' },
      { type: 'provider.becameInactive', connectionId, state: 'ready', failure: null },
      { type: 'connection.closed', connectionId },
      {
        type: 'provider.interruptRefused',
        ...named,
        failure: { code: 'INTERNAL', message: '', class: 'internal', retryable: false },
      },
    ] as const);
    if (report.type === 'connection.closed' && id !== session.threadId) return;
    session.say(report);
  }

  async #crash(): Promise<void> {
    this.counts.crashes += 1;
    this.#client.disconnect();
    this.#now.kill();
    this.#store.crash();
    this.#store.failNextCommit = null;
    await this.#start();
    if (this.#random.chance(0.3)) this.#check();
    for (const asked of this.#client.asked.slice(-30)) {
      if (asked.result !== null && this.#random.chance(0.5)) continue;
      if (asked.error === null) this.#client.sendAgain(asked);
    }
  }

  #check(): void {
    this.counts.checks += 1;
    const run = this.#now;
    if (run.runtime.counters.failed > 0 || run.gaveUp !== null) throw new Error(run.warnings.join('\n'));
    this.#client.compare(run);
    // while the store fails, what is in memory is not what is in the journal
    if (run.runtime.isReady()) checkJournal(run.journal, { loaded: run.runtime.threads.loaded() });
    const received = new Set(this.#world.received);
    if (received.size !== this.#world.received.length)
      throw new Error('the provider received a prompt twice');
  }

  #mustNotRun(run: RuntimeRun): void {
    for (const id of run.journal.threadIds()) {
      const status = run.journal.threadState(id)?.row.status;
      if (status === 'running') throw new Error(`${id} is shown as running without a provider`);
      if (run.journal.openRequests(id).length > 0) throw new Error(`${id} has requests after a restart`);
    }
  }

  /** With a provider that answers, nobody asking and time passing, everything settles or waits for a person. */
  async #end(): Promise<void> {
    this.#mend();
    this.#store.failNextCommit = null;
    for (let round = 0; round < 10; round += 1) {
      this.#now.pass(700_000);
      await answersHeard();
    }
    this.#check();
    this.#mustBeAnswered();
    this.#mustBeSettled();
  }

  #mustBeAnswered(): void {
    for (const { id, result, error, command } of this.#client.asked) {
      const isAnswered = result !== null || error !== null;
      const receipt = this.#now.journal.receipt(commandIdSchema.parse(id));
      if (!isAnswered && receipt !== null) throw new Error(`${id} is not answered`);
      if (error?.code === 'INTERNAL') throw new Error(`${JSON.stringify(command)}: ${error.message}`);
      this.counts[result === null ? 'refused' : 'accepted'] += 1;
    }
  }

  #mustBeSettled(): void {
    for (const thread of this.#now.runtime.threads.loaded()) {
      const isWaiting = thread.actor.charts.turn?.hasTag('person') === true;
      if (thread.isSettled || isWaiting) continue;
      const { value } = thread.actor.charts.root;
      throw new Error(`${thread.threadId} does not settle: ${JSON.stringify(value)}`);
    }
  }
}
