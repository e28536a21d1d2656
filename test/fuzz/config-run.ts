/** A configuration file that is changed at random under a runtime: it is in force, or it is said why it is not. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { instanceRowSchema } from '../../machines/domain/instance.ts';
import { ConfigWatch } from '../../server/config-watch.ts';
import { configFileSchema, loadConfig, type Config } from '../../server/config.ts';
import { openMemoryJournal, MemoryStore } from '../helpers/memory-journal.ts';
import { Random } from '../helpers/random.ts';
import { tempFolder } from '../helpers/sqlite-setup.ts';
import { RuntimeRun } from '../helpers/start-runtime.ts';
import { garbled, mutated } from './mutate.ts';

export interface ConfigFigures {
  /** Files that were put in force. */
  readonly appliedCount: number;
  /** Files that were refused as a whole, with a reason. */
  readonly refusedCount: number;
  /** Entries that could not be used, each with its reason. */
  readonly unusableCount: number;
  readonly turnCount: number;
}

const entry = (name: string, more = {}) => ({ instanceId: name, driver: 'scripted', ...more });
const VALID = {
  port: 4747,
  instances: [
    entry('one', { command: '/bin/one', args: [], env: { A: '1' }, home: null, model: 'm' }),
    entry('two', { enabled: true, model: null }),
    entry('three', { enabled: false }),
  ],
};

export class ConfigRun {
  readonly #random: Random;
  readonly #folder = tempFolder();
  readonly #path = join(this.#folder, 'config.json');
  readonly #run: RuntimeRun;
  readonly #watch: ConfigWatch;
  #config: Config;
  #notices: readonly string[] = [];
  #figures = { appliedCount: 0, refusedCount: 0, unusableCount: 0, turnCount: 0 };

  constructor(seed: number) {
    this.#random = new Random(seed);
    const journal = openMemoryJournal(new MemoryStore(), { now: () => 0, makeEpoch: () => 'e1' });
    this.#run = new RuntimeRun({ journal, instances: ['one', 'two'] });
    this.#config = { ...configFileSchema.parse({}), data: this.#folder };
    const { clock } = this.#run;
    const silent = { info: () => {}, warn: () => {}, error: () => {} };
    writeFileSync(this.#path, JSON.stringify(VALID));
    this.#watch = new ConfigWatch({
      path: this.#path,
      load: () => loadConfig({ data: this.#folder }, {}),
      config: this.#config,
      clock,
      log: silent,
      apply: (config) => Promise.resolve(this.#apply(config)),
      onNotices: (notices) => void (this.#notices = notices),
    });
  }

  async play(changeCount: number): Promise<ConfigFigures> {
    await this.#run.start();
    for (const name of ['one', 'two']) await this.#run.create({ threadId: name, instanceId: name });
    for (let count = 0; count < changeCount; count += 1) {
      const text = this.#changed();
      await this.#save(text).catch((error: unknown) => {
        throw new Error(`after ${text.slice(0, 2_000)}`, { cause: error });
      });
    }
    await this.#recover();
    await this.#watch.stop();
    await this.#run.runtime.stop(0);
    const left = this.#run.made.filter(({ isDisposed }) => !isDisposed);
    if (left.length > 0) throw new Error(`${left.length} adapters were not disposed`);
    rmSync(this.#folder, { recursive: true });
    return this.#figures;
  }

  #changed(): string {
    const random = this.#random;
    const text =
      JSON.stringify(mutated(random.chance(0.7) ? VALID : { instances: VALID.instances }, random)) ?? '';
    return random.chance(0.2) ? garbled(text, random) : text;
  }

  #apply(config: Config): void {
    this.#run.runtime.applyInstances(config.instances);
    this.#run.settle();
    this.#config = config;
    this.#figures.appliedCount += 1;
  }

  async #save(text: string): Promise<void> {
    const { appliedCount } = this.#figures;
    writeFileSync(this.#path, text);
    await this.#watch.reload();
    const isApplied = this.#figures.appliedCount > appliedCount;
    if (!isApplied) {
      this.#figures.refusedCount += 1;
      const [reason = ''] = this.#notices;
      must(reason.includes('cannot be used') && reason.length > 80, `no reason: ${reason}`);
    }
    await new Promise(setImmediate);
    this.#run.settle();
    this.#check();
    await this.#use();
  }

  /** What is in force is listed, each entry once, and what cannot be used says why. */
  #check(): void {
    const rows = this.#run.runtime.reads.instances().map((row) => instanceRowSchema.parse(row));
    const names = rows.map(({ instanceId }) => instanceId);
    const wanted = new Set(this.#config.instances.map(({ instanceId }) => instanceId));
    if (this.#figures.appliedCount > 0) {
      must(
        [...wanted].every((name) => names.includes(name)),
        `not all of ${[...wanted].join()}: ${names.join()}`,
      );
      // one that a turn still runs on is listed until that is over
      const extra = rows.filter(({ instanceId }) => !wanted.has(instanceId));
      must(
        extra.every(({ reason }) => reason?.includes('not configured') === true),
        `too many: ${names.join()}`,
      );
    }
    must(new Set(names).size === names.length, 'a name is listed twice');
    for (const { available, reason = '' } of rows) {
      if (available) continue;
      this.#figures.unusableCount += 1;
      must(reason !== '', 'no reason');
    }
    const { failed } = this.#run.runtime.counters;
    must(failed === 0, `${failed} inputs failed: ${this.#run.warnings.join()}`);
  }

  async #use(): Promise<void> {
    const random = this.#random;
    const mode = random.chance(0.5) ? 'queue' : 'start';
    // what waits in a queue would begin after the last prompt
    const text = mode === 'start' && random.chance(0.4) ? 'wait' : 'one';
    const threadId = random.pick(['one', 'two']);
    const refusal = await this.#run.refusal({ type: 'turn.submit', mode, text, threadId });
    if (refusal === null) this.#figures.turnCount += 1;
    else must(REFUSALS.has(refusal), `refused with ${refusal}`);
    if (random.chance(0.3)) await this.#run.do({ type: 'turn.interrupt', threadId });
    this.#run.pass(random.below(2_000));
  }

  /** After all that a good file puts everything right. */
  async #recover(): Promise<void> {
    for (const threadId of ['one', 'two']) await this.#run.do({ type: 'turn.interrupt', threadId });
    await this.#save(JSON.stringify(VALID));
    this.#run.pass(120_000);
    await new Promise(setImmediate);
    this.#run.settle();
    for (const threadId of ['one', 'two']) {
      await this.#run.do({ type: 'turn.interrupt', threadId });
      await this.#run.submit('last', { threadId });
      const { turn } = this.#run.runtime.reads.snapshot(threadId as never, {
        before: null,
        limit: 1,
      }).snapshot;
      must(turn?.status === 'completed', `the last turn of ${threadId} is ${turn?.status}`);
    }
  }
}

const REFUSALS: ReadonlySet<string> = new Set([
  'INSTANCE_NOT_FOUND',
  'INSTANCE_UNAVAILABLE',
  'THREAD_BUSY',
  'QUEUE_FULL',
]);

function must(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(what);
}
