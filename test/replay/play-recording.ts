/** Plays a recording through its adapter and the real runtime on a clock of its own, with the commands that it holds. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Tape } from '../../adapters/replay/tape.ts';
import { acpDrivers } from '../../adapters/acp/index.ts';
import { claudeDriver } from '../../adapters/claude/index.ts';
import { codexDriver } from '../../adapters/codex/index.ts';
import { opencodeOverLines } from '../../adapters/opencode/index.ts';
import type { Command } from '../../machines/domain/command.ts';
import { connectionIdOf, instanceIdSchema, requestIdOf, threadIdSchema } from '../../machines/domain/ids.ts';
import type { Recording } from '../../machines/domain/recording.ts';
import type { ProviderDriver } from '../../machines/ports/provider.ts';
import { checkJournal } from '../helpers/check-journal.ts';
import { forkingDriver } from '../helpers/forking-driver.ts';
import {
  RecordedRuntime,
  threadsLeft,
  type EntryFacts,
  type ThreadLeft,
} from '../helpers/recorded-runtime.ts';
import { TestClock } from '../helpers/test-clock.ts';

const DRIVERS: readonly ProviderDriver[] = [codexDriver, claudeDriver, opencodeOverLines, ...acpDrivers].map(
  forkingDriver,
);
/** Turns of the event loop without anything happening, after which nothing will: an adapter takes a few per answer. */
const QUIET_TURN_COUNT = 6;
/** As node calls it. */
const FILE_WORK: ReadonlySet<string> = new Set(['FSReqCallback', 'FSReqPromise', 'CloseReq']);

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
export async function playRecording(
  recording: Recording,
  attachments: Readonly<Record<string, Uint8Array>> = {},
): Promise<Played> {
  const folder = await mkdtemp(join(tmpdir(), 'threadchart-played-'));
  try {
    for (const [id, bytes] of Object.entries(attachments)) await writeFile(join(folder, id), bytes);
    const played = await new Player(recording, folder).play();
    const named = new OwnIds(recording);
    return { ...played, facts: named.replacedIn(played.facts), left: named.replacedIn(played.left) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As it was when it was recorded, where that matters; nothing of this machine's own agents is read. */
const envOf = (folder: string) => ({ IS_SANDBOX: '1', CLAUDE_CONFIG_DIR: folder, CODEX_HOME: folder });

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Ids that an adapter made while it was played, such as that of a session, get a number: the recording has others. */
class OwnIds {
  readonly #recorded: ReadonlySet<string>;
  readonly #numbers = new Map<string, string>();

  constructor(recording: Recording) {
    this.#recorded = new Set(JSON.stringify(recording).match(UUID));
  }

  replacedIn<T>(value: T): T {
    return JSON.parse(JSON.stringify(value).replace(UUID, (uuid) => this.#numberOf(uuid)));
  }

  #numberOf(uuid: string): string {
    if (this.#recorded.has(uuid)) return uuid;
    const number = `own-${this.#numbers.size + 1}`;
    const known = this.#numbers.get(uuid) ?? number;
    this.#numbers.set(uuid, known);
    return known;
  }
}

class Player {
  readonly #clock = new TestClock();
  readonly #scheduled: (() => void)[] = [];
  readonly #tape: Tape;
  readonly #server: RecordedRuntime;
  readonly #refusals: Promise<string | null>[] = [];
  #isRunning = false;

  constructor(recording: Recording, attachments: string) {
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
      instance: {
        instanceId: instanceIdSchema.parse(name),
        driver: name,
        command: null,
        env: envOf(attachments),
      },
      processes: this.#tape,
      clock: this.#clock,
      attachments,
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

  #dispatch(command: Command): Promise<string | null> {
    return this.#server.dispatch(this.#asNow(command)).then(
      () => null,
      (error: unknown) => String(Reflect.get(Object(error), 'code')),
    );
  }

  /** Sub-agents were no threads when it was recorded: what they asked was answered in the thread that began them. */
  #asNow(command: Command): Command {
    if (command.type !== 'request.respond') return command;
    const { threadId: recordedIn, requestId } = command;
    const asked = this.#server.entries.flatMap(({ stream, facts }) =>
      facts.flatMap((fact) => (fact.type === 'request.opened' ? [{ stream, request: fact.request }] : [])),
    );
    const now = asked.find(({ request: { requestId: id, nativeRequestId } }) =>
      [id, requestIdOf(connectionIdOf(recordedIn, 1), nativeRequestId)].includes(requestId),
    );
    if (now === undefined) return command;
    return { ...command, threadId: threadIdSchema.parse(now.stream), requestId: now.request.requestId };
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
      // a file that is being read takes real time
      if (process.getActiveResourcesInfo().some((name) => FILE_WORK.has(name))) quietCount = 0;
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
