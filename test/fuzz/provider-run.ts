/** Fuzzed lines of an agent through the codex adapter into a whole runtime over SQLite. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { codexDriver } from '../../adapters/codex/index.ts';
import { openJournal } from '../../adapters/sqlite/index.ts';
import { checkJournal } from '../helpers/check-journal.ts';
import { Random } from '../helpers/random.ts';
import { tempFolder } from '../helpers/sqlite-setup.ts';
import { RuntimeRun } from '../helpers/start-runtime.ts';
import { FakeProcessHost } from './fake-process-host.ts';
import { usedBytes } from './heap.ts';
import { strange } from './mutate.ts';
import { agentLine, recordedFrames } from './provider-lines.ts';

const LINES_OF_ROUND_COUNT = 100;
const HUGE_BYTES = 17 * 1024 * 1024;
/** Longer than any deadline of a chart. */
const LONG_MS = 3_600_000;

export interface ProviderFigures {
  readonly lineCount: number;
  readonly turnCount: number;
  readonly itemCount: number;
  readonly warningCount: number;
  readonly grownBytes: number;
}

export class ProviderRun {
  readonly #random: Random;
  readonly #host = new FakeProcessHost();
  readonly #run: RuntimeRun;
  readonly #frames = recordedFrames();

  constructor(seed: number) {
    this.#random = new Random(seed);
    const journal = openJournal({ folder: tempFolder(), now: () => Date.now(), makeEpoch: () => 'e1' });
    onTestFinished(() => journal.close());
    this.#run = new RuntimeRun({ journal, driver: codexDriver, processes: this.#host });
    this.#host.instead = ({ id }) => this.#instead(id);
  }

  async play(lineCount: number): Promise<ProviderFigures> {
    const run = await this.#run.start();
    await run.create();
    let before = 0;
    let turnCount = 0;
    let warningCount = 0;
    for (let count = 0; count < lineCount; count += LINES_OF_ROUND_COUNT) {
      if ((await run.refusal({ type: 'turn.submit', text: 'go on' })) === null) turnCount += 1;
      await this.#round();
      warningCount += run.warnings.length;
      // what the test's own runtime keeps is not the server's
      run.warnings.length = 0;
      run.ticks.length = 0;
      if (before === 0 && count >= lineCount / 5) before = usedBytes();
    }
    const grownBytes = usedBytes() - before;
    await this.#expectUsable();
    expect(run.runtime.counters).toMatchObject({ failed: 0, malformed: 0 });
    checkJournal(run.journal, { loaded: run.runtime.threads.loaded(), except: [] });
    await run.runtime.stop(0);
    return { lineCount, turnCount, itemCount: run.snapshot().items.length, warningCount, grownBytes };
  }

  async #round(): Promise<void> {
    const random = this.#random;
    await this.#rest();
    const lines = Array.from({ length: LINES_OF_ROUND_COUNT }, () =>
      agentLine(this.#frames, random, this.#host.turnId),
    );
    if (random.chance(0.002)) lines.push(Buffer.from(`{"x":"${'h'.repeat(HUGE_BYTES)}"}\n`));
    this.#sayInPieces(Buffer.concat(lines));
    if (random.chance(0.1)) this.#host.sayError(Buffer.from([0xff, 0x1b, 0x5b, random.below(256)]));
    await this.#rest();
    for (const request of this.#run.snapshot().requests.slice(0, 3))
      void this.#run.send({ type: 'request.respond', requestId: request.requestId, decision: 'accept' });
    if (random.chance(0.2)) void this.#run.send({ type: random.pick(['turn.interrupt', 'thread.stop']) });
    if (random.chance(0.05)) this.#host.exit();
    await this.#rest();
    this.#run.pass(LONG_MS);
    await this.#rest();
    this.#run.pass(LONG_MS);
  }

  /** As pipes do: anywhere, in the middle of a character too. */
  #sayInPieces(bytes: Buffer): void {
    for (let start = 0; start < bytes.length;) {
      const end = start + 1 + this.#random.below(20_000);
      this.#host.say(bytes.subarray(start, end));
      start = end;
    }
  }

  /** Answers come in later turns of the loop. */
  async #rest(): Promise<void> {
    for (let turn = 0; turn < 6; turn += 1) {
      this.#run.settle();
      await nextTurn();
    }
    this.#run.settle();
  }

  #instead(id: number): Buffer | null {
    const random = this.#random;
    if (random.chance(0.9)) return null;
    if (random.chance(0.3)) return Buffer.from(`${JSON.stringify({ id, error: strange(random) })}\n`);
    return Buffer.from(`${JSON.stringify({ id, result: strange(random) })}\n`);
  }

  /** With an agent that behaves, the thread takes a prompt and brings it to its end. */
  async #expectUsable(): Promise<void> {
    const run = this.#run;
    this.#host.instead = () => null;
    this.#host.exit();
    await this.#rest();
    run.pass(LONG_MS);
    await this.#rest();
    const { turnId } = await run.submit('are you well?');
    await this.#rest();
    const params = {
      threadId: 'n',
      turn: { id: this.#host.turnId, status: 'completed', items: [], error: null },
    };
    for (const method of ['turn/started', 'turn/completed'])
      this.#host.say(Buffer.from(`${JSON.stringify({ method, params })}\n`));
    await this.#rest();
    expect(run.snapshot().turn).toMatchObject({ turnId, status: 'completed' });
    expect(run.status).toBe('ready');
  }
}
