/** The doors in a process of their own, whose memory can be measured; fed and looked at by the test. */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { GatewayStats } from '../../server/gateway/stats.ts';
import { RawClient, type RawOptions } from './raw-client.ts';
import { makeTempFolder } from './temp-folder.ts';

const FIXTURE = join(import.meta.dirname, '..', 'fixtures', 'feeding-server.ts');

export interface Look {
  /** Of the heap after a collection, and of buffers. */
  readonly usedBytes: number;
  readonly stats: GatewayStats;
  readonly outboxBytes: number;
  /** Of the last event that was fed. */
  readonly version: number;
  readonly watchedCount: number;
  readonly isWatched: boolean;
  /** What the log was told, and rejections that nobody handled. */
  readonly problems: readonly string[];
}

interface Place {
  readonly port: number;
  readonly url: string;
  readonly token: string;
}

export class FeedingServer {
  readonly place: Place;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (result: never) => void>();
  #id = 0;

  private constructor(child: ChildProcess, place: Place) {
    this.#child = child;
    this.place = place;
    child.on('message', ({ id, result }: { id: number; result: never }) => {
      this.#waiting.get(id)?.(result);
      this.#waiting.delete(id);
    });
  }

  static async start(): Promise<FeedingServer> {
    const folder = makeTempFolder();
    const child = fork(FIXTURE, [folder.path], { execArgv: ['--expose-gc'] });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    onTestFinished(async () => {
      child.disconnect();
      await exited;
      folder.remove();
    });
    const place = await new Promise<Place>((resolve, reject) => {
      child.once('message', ({ result }: { result: Place }) => resolve(result));
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    });
    return new FeedingServer(child, place);
  }

  open(options: RawOptions = {}): Promise<RawClient> {
    const { url, token } = this.place;
    return RawClient.open(url, { token, ...options });
  }

  look(): Promise<Look> {
    return this.#ask({ type: 'look' });
  }

  /** Commits so many deltas. */
  feed(eventCount: number, text = 'some words of an answer '): Promise<Look> {
    return this.#ask({ type: 'feed', eventCount, text });
  }

  create(threadCount: number): Promise<Look> {
    return this.#ask({ type: 'create', threadCount });
  }

  /** Lets time pass for the doors, and has them look after their clients. */
  advance(byMs: number): Promise<Look> {
    return this.#ask({ type: 'advance', byMs });
  }

  #ask(ask: object): Promise<Look> {
    this.#id += 1;
    const id = this.#id;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.send({ id, ask });
    });
  }
}
