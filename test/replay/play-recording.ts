/** Plays a recording through its adapter and the real runtime on a clock of its own, with the commands that it holds. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Tape } from '../../adapters/replay/tape.ts';
import { codexDriver } from '../../adapters/codex/index.ts';
import { opencodeLineDriver } from '../../adapters/opencode/index.ts';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { Recording } from '../../machines/domain/recording.ts';
import type { ProviderDriver } from '../../machines/ports/provider.ts';
import { checkJournal } from '../helpers/check-journal.ts';
import {
  RecordedRuntime,
  threadsLeft,
  type EntryFacts,
  type ThreadLeft,
} from '../helpers/recorded-runtime.ts';
import { TestClock } from '../helpers/test-clock.ts';

const DRIVERS: readonly ProviderDriver[] = [codexDriver, opencodeLineDriver];
/** Turns of the event loop without anything happening, after which nothing will: an adapter takes a few per answer. */
const QUIET_TURN_COUNT = 6;

export interface Played {
  readonly facts: readonly EntryFacts[];
  readonly left: readonly ThreadLeft[];
  /** Codes of the refusals of commands, in their order; `null` for one that was accepted. */
  readonly refusals: readonly (string | null)[];
}

/**
 * Checks its journal too.
 * @throws {Error} when the recording was not played to its end, or the adapter wrote what it does not have
 */
export async function playRecording(recording: Recording): Promise<Played> {
  const player = new Player(recording);
  return player.play();
}

class Player {
  readonly #clock = new TestClock();
  readonly #scheduled: (() => void)[] = [];
  readonly #tape: Tape;
  readonly #server: RecordedRuntime;
  readonly #refusals: Promise<string | null>[] = [];
  #isRunning = false;

  constructor(recording: Recording) {
    const { driver: name } = recording.header;
    const driver = DRIVERS.find((each) => each.driver === name);
    if (driver?.playback === undefined) throw new Error(`recordings of ${name} cannot be played`);
    this.#tape = new Tape(recording, {
      protocol: driver.playback,
      clock: this.#clock,
      scale: 1,
      stopsAtCommands: true,
    });
    this.#server = new RecordedRuntime({
      driver,
      instance: { instanceId: instanceIdSchema.parse(name), driver: name, command: null, env: {} },
      processes: this.#tape,
      clock: this.#clock,
      schedule: (run) => void this.#scheduled.push(run),
    });
  }

  async play(): Promise<Played> {
    await this.#start();
    while (this.#tape.next !== null) {
      await this.#rest();
      if (this.#tape.stop === null) this.#passTime();
      else await this.#act();
    }
    await this.#rest();
    if (this.#isRunning) await this.#stop();
    if (this.#tape.unexpected.length > 0) {
      throw new Error(`the adapter wrote what is not in the recording: ${this.#tape.unexpected.join(', ')}`);
    }
    const journal = this.#server.openJournal();
    const left = threadsLeft(journal);
    checkJournal(journal);
    return { facts: this.#server.facts(), left, refusals: await Promise.all(this.#refusals) };
  }

  async #act(): Promise<void> {
    const { stop } = this.#tape;
    this.#tape.goOn();
    if (stop?.kind === 'command') this.#refusals.push(this.#dispatch(stop.command));
    else if (stop?.event === 'started') await this.#start();
    else await this.#stop();
  }

  #dispatch(command: Parameters<RecordedRuntime['dispatch']>[0]): Promise<string | null> {
    return this.#server.dispatch(command).then(
      () => null,
      (error: unknown) => String(Reflect.get(Object(error), 'code')),
    );
  }

  async #start(): Promise<void> {
    this.#isRunning = true;
    await this.#whileMoving(this.#server.start());
  }

  async #stop(): Promise<void> {
    this.#isRunning = false;
    await this.#whileMoving(this.#server.stop());
  }

  /** Time passes while something is awaited. */
  async #whileMoving(awaited: Promise<void>): Promise<void> {
    let isDone = false;
    void awaited.finally(() => (isDone = true)).catch(() => undefined);
    for (;;) {
      await this.#rest();
      if (isDone) return awaited;
      this.#passTime();
    }
  }

  /** Everything that follows without time has happened. */
  async #rest(): Promise<void> {
    for (let quietCount = 0; quietCount < QUIET_TURN_COUNT; quietCount += 1) {
      await nextTurn();
      for (let run = this.#scheduled.shift(); run !== undefined; run = this.#scheduled.shift()) {
        run();
        quietCount = 0;
      }
    }
  }

  #passTime(): void {
    if (this.#clock.step(Number.POSITIVE_INFINITY)) return;
    const { next } = this.#tape;
    const { unexpected } = this.#tape;
    throw new Error(
      `the playback stands still at ${JSON.stringify(next)}${unexpected.length > 0 ? `; unexpected: ${unexpected.join(', ')}` : ''}`,
    );
  }
}

/** How it is kept beside a recording: one entry a line, then how each thread stands. */
export const playedLines = ({ facts, left }: Pick<Played, 'facts' | 'left'>): string =>
  [...facts, ...left].map((each) => `${JSON.stringify(each)}\n`).join('');
