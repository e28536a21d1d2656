/** A server that clients reach over WebSocket and that dies and comes back: store, clock and provider survive it. */
import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { ProviderEffect } from '../../machines/domain/effect.ts';
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import type { Fact } from '../../machines/domain/fact.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import { checkJournal } from '../helpers/check-journal.ts';
import { MemoryStore, openMemoryJournal } from '../helpers/memory-journal.ts';
import { keptPort } from '../helpers/kept-port.ts';
import { World } from '../helpers/scripted-world.ts';
import { RuntimeRun } from '../helpers/start-runtime.ts';
import { makeTempFolder, type TempFolder } from '../helpers/temp-folder.ts';
import { TestClock } from '../helpers/test-clock.ts';
import { LIMITS } from '../../server/gateway/limits.ts';
import { startHttpServer, type HttpServer } from '../../server/http/server.ts';

const UNLIMITED = {
  ...LIMITS,
  requestsPerSecond: 1_000_000,
  requestBurstCount: 1_000_000,
  closeTimeoutMs: 50,
};
const DIED = new Error('the server died');
/** Looks without a pause before the event loop is given time. */
const EAGER_LOOKS = 50;

export class WalkServer {
  readonly store = new MemoryStore();
  readonly clock = new TestClock();
  readonly world = new World({ isLive: true });
  /** Each thread's entries as they were committed, from the first on. */
  readonly committed = new Map<string, ThreadEntry[]>();
  /** What the committed facts give leave for. */
  readonly #stated = new Set<string | null>();
  /** What was asked of the provider before it was committed. */
  readonly #early: string[] = [];
  readonly #folder: TempFolder = makeTempFolder();
  #run: RuntimeRun | null = null;
  #http: HttpServer | null = null;
  #port = 0;

  constructor() {
    this.world.onPerform = (effect) => this.#mustBeWritten(effect);
  }

  get run(): RuntimeRun {
    if (this.#run === null) throw new Error('no server runs');
    return this.#run;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get token(): string {
    return readFileSync(this.#http?.tokenFile ?? '', 'utf8').trim();
  }

  async start(): Promise<void> {
    const journal = this.#watched(
      openMemoryJournal(this.store, {
        now: () => this.clock.now(),
        makeEpoch: () => `e${this.store.epochs.length + 1}`,
      }),
    );
    const { clock, world } = this;
    let isAlive = true;
    const schedule = (run: () => void): void => void setImmediate(() => isAlive && run());
    this.#run = new RuntimeRun({ journal, clock, world, schedule });
    this.#end = () => (isAlive = false);
    await this.#run.runtime.start();
    this.#port ||= await keptPort();
    const http = {
      runtime: this.#run.runtime,
      dataFolder: this.#folder.path,
      port: this.#port,
      limits: UNLIMITED,
    };
    this.#http = await startHttpServer(http);
  }

  #end: () => void = () => {};

  /** Nothing more is written or said; then another one starts on what is stored. */
  async dieAndStart(): Promise<void> {
    this.#end();
    this.run.kill();
    // until its sockets are closed it may be asked: without a journal it would answer, and the dead do not
    await this.#http?.close();
    this.store.crash();
    this.store.failNextCommit = null;
    await this.start();
  }

  /** Everybody is willing again. */
  mend(): void {
    const { faults } = this.world;
    for (const name of Object.keys(faults)) Reflect.deleteProperty(faults, name);
  }

  /** Time goes on until everything that is due has happened. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.monotonic() + ms;
    while (this.clock.step(end)) await this.#calm();
    this.clock.advance(Math.max(0, end - this.clock.monotonic()));
    await this.#calm();
  }

  /** Lets sockets and reconnects move. `count`: of looks so far. */
  async breathe(count: number): Promise<void> {
    await (count < EAGER_LOOKS ? nextTurn() : delay(5));
  }

  /** What was said and asked for has been taken in, and so has what followed from it. */
  async #calm(): Promise<void> {
    const { world, run } = this;
    for (let quietCount = 0; quietCount < 2; quietCount += 1) {
      await nextTurn();
      // while the store fails nothing is taken in until time goes on
      const isTaking = run.runtime.isReady() && run.runtime.figures['ingressLength'] !== 0;
      if (world.waiting > 0 || isTaking) quietCount = -1;
    }
  }

  /** What the provider is asked for stands in the journal. */
  #mustBeWritten(effect: ProviderEffect): void {
    const id = causeOf(effect);
    if (id === null || this.#stated.has(id)) return;
    this.#early.push(`${effect.type} of ${id}`);
  }

  /** Notes what each commit has written, be it reported as failed. */
  #watched(journal: Journal): Journal {
    const commit = journal.commit.bind(journal);
    journal.commit = (write) => {
      try {
        commit(write);
      } finally {
        this.#note();
      }
    };
    return journal;
  }

  #note(): void {
    for (const [stream, stored] of this.store.streams) {
      const [kind, threadId = ''] = stream.split(' ');
      if (kind !== 'thread') continue;
      const known = this.committed.get(threadId) ?? [];
      this.committed.set(threadId, known);
      const last = known.at(-1)?.version ?? 0;
      const from = stored.findLastIndex(({ version }) => version <= last) + 1;
      for (const { value } of stored.slice(from)) {
        const entry = value.read() as ThreadEntry;
        known.push(entry);
        for (const fact of entry.facts) this.#stated.add(statedBy(fact));
      }
    }
  }

  /** @throws {Error} when the journal is not what it has to be, or something did not wait for it */
  check(): void {
    const { run } = this;
    if (this.#early.length > 0) throw new Error(`performed before its commit: ${this.#early.join(', ')}`);
    if (run.runtime.counters.failed > 0 || run.gaveUp !== null) throw run.gaveUp ?? DIED;
    checkJournal(run.journal, { loaded: run.runtime.threads.loaded() });
  }

  async stop(): Promise<void> {
    this.#end();
    this.run.kill();
    await this.#http?.close();
    this.#folder.remove();
  }
}

/** Effects that a fact announces; each is known by what the two have in common. */
function causeOf(effect: ProviderEffect): string | null {
  if (effect.type === 'connection.open') return `open ${effect.connectionId}`;
  if (effect.type === 'turn.start') return `turn ${effect.turnId}`;
  return effect.type === 'request.answer' ? `answer ${effect.requestId}` : null;
}

function statedBy(fact: Fact): string | null {
  if (fact.type === 'connection.opening') return `open ${fact.connectionId}`;
  if (fact.type === 'turn.began') return `turn ${fact.turnId}`;
  return fact.type === 'request.answering' ? `answer ${fact.requestId}` : null;
}
