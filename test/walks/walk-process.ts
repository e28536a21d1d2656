/** The server as users run it, in a process of its own, with an agent; it is killed and started again on its folder. */
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import { openJournal } from '../../adapters/sqlite/index.ts';
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import { commandIdSchema } from '../../machines/domain/ids.ts';
import { checkJournal } from '../helpers/check-journal.ts';
import { keptPort } from '../helpers/kept-port.ts';
import { listRunProcesses } from '../helpers/run-processes.ts';
import { logTail, ServerProcess } from '../helpers/server-process.ts';
import { makeTempFolder, type TempFolder } from '../helpers/temp-folder.ts';
import { until } from '../helpers/until.ts';
import type { Handed } from './reference-model.ts';

const SERVER = join(import.meta.dirname, '..', '..', 'server', 'bin.ts');
const AGENT = join(import.meta.dirname, '..', 'fixtures', 'walking-codex.mjs');
/** What was killed may take a moment to vanish from the list. */
const GONE_WAIT_MS = 60_000;
const EVERYTHING = { limit: 1_000_000, deltas: true };

/** What is left of a walk on disk. */
export interface Remains {
  readonly entries: ReadonlyMap<string, readonly ThreadEntry[]>;
  readonly receipts: ReadonlySet<string>;
  readonly handed: readonly Handed[];
}

export class WalkProcess {
  readonly #folder: TempFolder = makeTempFolder();
  readonly #data: string;
  readonly #word = `walk-${nanoid()}`;
  #process: ServerProcess | null = null;
  #port = 0;
  killCount = 0;

  constructor() {
    this.#data = join(realpathSync(this.#folder.path), 'data');
    for (const path of [this.#data, this.workspace, this.#agentFolder]) mkdirSync(path, { mode: 0o700 });
    const instance = {
      instanceId: 'codex',
      driver: 'codex',
      command: AGENT,
      env: { WALK_FOLDER: this.#agentFolder },
    };
    // text is kept, so that all that clients saw can be read back
    const config = { drainMs: 0, deltaWindowMs: 0, deltaRetentionMs: 3_600_000, instances: [instance] };
    writeFileSync(join(this.#data, 'config.json'), JSON.stringify(config), { mode: 0o600 });
  }

  get workspace(): string {
    return join(realpathSync(this.#folder.path), 'workspace');
  }

  get #agentFolder(): string {
    return join(realpathSync(this.#folder.path), 'agent');
  }

  get url(): string {
    return this.#running.place.url;
  }

  get token(): string {
    return readFileSync(this.#running.place.tokenFile, 'utf8').trim();
  }

  get #running(): ServerProcess {
    if (this.#process === null) throw new Error('no server runs');
    return this.#process;
  }

  async start(): Promise<void> {
    this.#port ||= await keptPort();
    const args = ['serve', '--json', '--port', String(this.#port), '--data', this.#data];
    this.#process = await ServerProcess.start({ path: SERVER, args, data: this.#data, word: this.#word });
  }

  /** @throws {Error} when something of the old run is left once the new one serves */
  async killAndStart(): Promise<void> {
    this.killCount += 1;
    const before = await listRunProcesses(this.#word);
    await this.#running.kill();
    await this.start();
    const old = new Set(before.map(({ pid }) => pid));
    const left = (await listRunProcesses(this.#word)).filter(({ pid }) => old.has(pid));
    if (left.length > 0)
      throw new Error(`alive after the kill and a restart: ${left.map(({ command }) => command).join(', ')}`);
  }

  /** As a user ends it. @throws {Error} when it does not end well, something outlives it, or its journal is wrong */
  async finish(): Promise<Remains> {
    const server = this.#running;
    server.send('SIGTERM');
    const { code, signal } = await server.exited;
    if (code !== 0) throw new Error(`the server ended with ${code ?? signal}:\n${logTail(this.#data)}`);
    const isGone = async (): Promise<boolean> => (await listRunProcesses(this.#word)).length === 0;
    await until(isGone, { timeoutMs: GONE_WAIT_MS, describe: 'the end of what the server had started' });
    return this.#remains();
  }

  #remains(): Remains {
    const journal = openJournal({ folder: this.#data, now: () => Date.now(), makeEpoch: () => nanoid() });
    try {
      const entries = journal.threadIds().map((id) => [id, journal.readThread(id, 0, EVERYTHING)] as const);
      const ids = entries.flatMap(([, ofThread]) => ofThread.map(({ commandId }) => commandId));
      const known = ids.filter((id) => id !== null && journal.receipt(commandIdSchema.parse(id)) !== null);
      checkJournal(journal);
      const all = entries.flatMap(([, ofThread]) => ofThread);
      return { entries: new Map(entries), receipts: new Set(known.map(String)), handed: this.#handed(all) };
    } finally {
      journal.close();
    }
  }

  /** The agent knows its questions by their command. */
  #handed(entries: readonly ThreadEntry[]): Handed[] {
    const path = join(this.#agentFolder, 'ledger.ndjson');
    if (!existsSync(path)) return [];
    const requests = new Map<string, string>();
    for (const { input } of entries) {
      if (input.type === 'provider.requestOpened' && input.request.body.kind === 'command')
        requests.set(input.request.body.command, input.request.requestId);
    }
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    return lines.map((line) => {
      const { kind, id } = JSON.parse(line) as Handed;
      return { kind, id: requests.get(id) ?? id };
    });
  }

  /** Nothing of it is left, be it on disk or alive. */
  async remove(): Promise<void> {
    await this.#process?.kill();
    for (const { pid } of await listRunProcesses(this.#word)) process.kill(pid, 'SIGKILL');
    this.#folder.remove();
  }
}
