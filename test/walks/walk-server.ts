/** A server that clients reach over WebSocket and that dies and comes back: store, clock and provider survive it. */
import { readFileSync } from 'node:fs';
import { checkJournal } from '../helpers/check-journal.ts';
import { MemoryStore, openMemoryJournal } from '../helpers/memory-journal.ts';
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

export class WalkServer {
  readonly store = new MemoryStore();
  readonly clock = new TestClock();
  readonly world = new World({ isLive: true });
  readonly #folder: TempFolder = makeTempFolder();
  #run: RuntimeRun | null = null;
  #http: HttpServer | null = null;
  #port = 0;

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
    const journal = openMemoryJournal(this.store, {
      now: () => this.clock.now(),
      makeEpoch: () => `e${this.store.epochs.length + 1}`,
    });
    const { clock, world } = this;
    let isAlive = true;
    const schedule = (run: () => void): void => void setImmediate(() => isAlive && run());
    this.#run = new RuntimeRun({ journal, clock, world, schedule });
    this.#end = () => (isAlive = false);
    await this.#run.runtime.start();
    const http = {
      runtime: this.#run.runtime,
      dataFolder: this.#folder.path,
      port: this.#port,
      limits: UNLIMITED,
    };
    this.#http = await startHttpServer(http);
    this.#port = this.#http.port;
  }

  #end: () => void = () => {};

  /** Nothing more is written or said; then another one starts on what is stored. */
  async dieAndStart(): Promise<void> {
    this.#end();
    // the dead answer nobody
    const closed = this.#http?.close();
    this.run.kill();
    this.store.crash();
    this.store.failNextCommit = null;
    await closed;
    await this.start();
  }

  /** Time goes on until everything that is due has happened. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.monotonic() + ms;
    while (this.clock.step(end)) await this.#calm();
    this.clock.advance(Math.max(0, end - this.clock.monotonic()));
    await this.#calm();
  }

  /** What was said has been taken in. */
  async #calm(): Promise<void> {
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.world.waiting > 0);
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** @throws {Error} when the journal is not what it has to be */
  check(): void {
    const { run } = this;
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
