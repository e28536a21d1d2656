/** A server that dies at a commit and comes back on the same folder and port, and a client that goes on regardless. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import { expect } from 'vitest';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { Client, DispatchResult, GivenCommand } from '../../server/client/client.ts';
import { connect } from '../../server/client/node.ts';
import type { LedgerLine } from '../fixtures/crashing-server.ts';
import { keptPort } from './kept-port.ts';
import { LiveThread } from './live-thread.ts';
import { ServerProcess } from './server-process.ts';
import { makeTempFolder, type TempFolder } from './temp-folder.ts';

const SERVER = join(import.meta.dirname, '..', 'fixtures', 'crashing-server.ts');
const FAST_BACKOFF = { baseMs: 10, mostMs: 40 };

export interface CrashPoint {
  readonly where: 'before' | 'after';
  /** Of the commit, from 1, since the server started. */
  readonly commitNumber: number;
}

interface Acknowledged {
  readonly commandId: string;
  readonly command: GivenCommand;
  readonly result: DispatchResult;
}

export class CrashingRun {
  readonly client: Client;
  readonly acknowledged: Acknowledged[] = [];
  readonly #folder: TempFolder;
  readonly #crash: Promise<void>;
  #process: ServerProcess;
  #commandCount = 0;
  #hasCrashed = false;

  private constructor(folder: TempFolder, process: ServerProcess, client: Client) {
    this.#folder = folder;
    this.#process = process;
    this.client = client;
    this.#crash = this.#comeBack();
  }

  static async start({ where, commitNumber }: CrashPoint): Promise<CrashingRun> {
    const folder = makeTempFolder();
    const process = await startOn(folder, String(await keptPort()), where, String(commitNumber));
    const token = readFileSync(process.place.tokenFile, 'utf8').trim();
    const client = await connect({ url: process.place.url, token, backoff: FAST_BACKOFF });
    return new CrashingRun(folder, process, client);
  }

  /** As a client does that does not know of the crash. A refusal is what the crash may have made of it: its code. */
  async ask(command: GivenCommand): Promise<DispatchResult | string> {
    this.#commandCount += 1;
    const commandId = `command-${this.#commandCount}`;
    try {
      const result = await this.client.dispatch(command, { commandId });
      this.acknowledged.push({ commandId, command, result });
      return result;
    } catch (error) {
      if (error instanceof RuntimeError) return error.code;
      throw error;
    }
  }

  /** The server has died, if need be for a thread that is renamed until it does, and is back. */
  async crashed(threadId: string): Promise<void> {
    for (let count = 1; !this.#hasCrashed; count += 1) {
      await this.ask({ type: 'thread.setTitle', threadId, title: `title ${count}` });
    }
    await this.#crash;
  }

  /** Every acknowledged command is in the journal, and is not done again. */
  async expectAcknowledged(): Promise<void> {
    for (const { commandId, command, result } of this.acknowledged) {
      const again = await this.client.dispatch(command, { commandId });
      expect({ ...again, duplicate: result.duplicate }).toEqual(result);
      expect(again.duplicate).toBe(true);
    }
  }

  /** What the provider was handed, in order. */
  ledger(): LedgerLine[] {
    const path = join(this.#folder.path, 'ledger.ndjson');
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as LedgerLine);
  }

  async end(): Promise<void> {
    this.client.close();
    await this.#process.kill();
    this.#folder.remove();
  }

  follow(threadId: string): LiveThread {
    return new LiveThread(this.client, threadId);
  }

  async #comeBack(): Promise<void> {
    await this.#process.exited;
    this.#hasCrashed = true;
    this.#process = await startOn(this.#folder, new URL(this.#process.place.url).port);
  }
}

const startOn = (folder: TempFolder, ...args: readonly string[]): Promise<ServerProcess> =>
  ServerProcess.start({
    path: SERVER,
    args: [folder.path, ...args],
    data: folder.path,
    word: `crash-${nanoid()}`,
  });
