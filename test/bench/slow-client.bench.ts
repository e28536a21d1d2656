/**
 * A client that stops reading: what the server keeps for it, whether others feel it, and whether it is told. The same
 * turns at the same pace come first while all read: garbage that waits for its collection makes the memory of a server
 * go up and down by more than a client costs, and a shorter look would miss the heights.
 */
import { setTimeout } from 'node:timers/promises';
import type { ThreadId } from '../../machines/domain/ids.ts';
import { until } from '../helpers/until.ts';
import { BenchServer } from './bench-server-process.ts';
import { inputCountOf } from './feeding-provider.ts';
import { median, type Figure } from './figure.ts';
import { RawSocket } from './raw-socket.ts';

const EVENT_COUNT = 200_000;
const STOPPED_MS = 30_000;
const TURNS = Math.ceil(EVENT_COUNT / inputCountOf('mixed'));
const TURN_EVERY_MS = STOPPED_MS / TURNS;
/** Enough to fill the page cache of the store. */
const WARM_UP_TURNS = 250;
/** Else V8 lets the young heap grow by some 90 MiB under this load, with or without a client that stops. */
const SMALL_YOUNG_HEAP = '--max-semi-space-size=4';
const MIB = 1024 * 1024;

export async function measureSlowClient(): Promise<readonly Figure[]> {
  const server = await BenchServer.start([SMALL_YOUNG_HEAP]);
  const [threadId] = await server.order('createThreads', 1);
  if (threadId === undefined) throw new Error('no thread');
  const [slow, other] = [await Follower.start(server, threadId), await Follower.start(server, threadId)];
  const feed = new Feed(server, threadId, other);
  await feed.turns(WARM_UP_TURNS, 0);
  feed.take();
  await feed.turns(TURNS, TURN_EVERY_MS);
  const before = feed.take();
  slow.socket.ws.pause();
  await feed.turns(TURNS, TURN_EVERY_MS);
  const during = feed.take();
  slow.socket.ws.resume();
  await until(() => slow.isTold, { timeoutMs: 10_000, describe: 'the client that had stopped is told' });
  for (const { socket } of [slow, other]) socket.close();
  await server.end();
  const name = 'beside a client that stops reading for 30 s';
  return [
    {
      name: `memory ${name}`,
      unit: 'MiB more, 200,000 events, small young heap',
      value: (during.rssBytes - before.rssBytes) / MIB,
      target: { atMost: 16 },
    },
    {
      name: `another client ${name}`,
      unit: 'of its usual time for a turn',
      value: median(during.turnMs) / median(before.turnMs),
      target: { atMost: 1.2 },
    },
  ];
}

/** Follows the thread; checks that what comes continues what came before. */
class Follower {
  readonly socket: RawSocket;
  /** It was told that something is missing, or closed because it read too slowly. */
  #isResynchronized = false;
  turnCount = 0;
  #version: number | null = null;

  private constructor(socket: RawSocket) {
    this.socket = socket;
    socket.onMessage = ({ text }) => this.#take(text);
  }

  static async start(server: BenchServer, threadId: ThreadId): Promise<Follower> {
    const follower = new Follower(await RawSocket.open(server));
    await follower.socket.ask('orchestration.subscribeThread', { threadId, deltas: true });
    await until(() => follower.#version !== null);
    return follower;
  }

  get isTold(): boolean {
    return this.#isResynchronized || this.socket.closeCode === LAGGING;
  }

  #take(text: string): void {
    const { params }: Notification = JSON.parse(text);
    if (params === undefined) return;
    if (params.frames.some(({ kind }) => kind === 'resync')) this.#isResynchronized = true;
    else if (this.#version !== null && params.after !== this.#version) throw new Error('a message was lost');
    this.#version = params.frames.findLast(({ version }) => version !== undefined)?.version ?? this.#version;
    this.turnCount += params.frames.filter(({ fact }) => fact?.type === 'turn.ended').length;
  }
}

const LAGGING = 4408;

interface Notification {
  readonly params?: {
    readonly after: number;
    readonly frames: readonly { kind: string; version?: number; fact?: { type: string } }[];
  };
}

/** What was seen since it was last taken. */
interface Seen {
  /** The most. */
  readonly rssBytes: number;
  readonly turnMs: readonly number[];
}

/** Turns at an even pace, with a look at the memory of the server after each. */
class Feed {
  readonly #server: BenchServer;
  readonly #threadId: ThreadId;
  readonly #other: Follower;
  #rssBytes = 0;
  #turnMs: number[] = [];

  constructor(server: BenchServer, threadId: ThreadId, other: Follower) {
    this.#server = server;
    this.#threadId = threadId;
    this.#other = other;
  }

  async turns(count: number, everyMs: number): Promise<void> {
    const startedAt = performance.now();
    for (let turn = 0; turn < count; turn += 1) {
      await this.#turn();
      await setTimeout(Math.max(0, startedAt + (turn + 1) * everyMs - performance.now()));
    }
  }

  take(): Seen {
    const seen = { rssBytes: this.#rssBytes, turnMs: this.#turnMs };
    this.#rssBytes = 0;
    this.#turnMs = [];
    return seen;
  }

  async #turn(): Promise<void> {
    const startedAt = performance.now();
    const seen = this.#other.turnCount + 1;
    await this.#server.order('runTurns', [this.#threadId], 'mixed', 1);
    await until(() => this.#other.turnCount >= seen, { describe: 'the other client sees the turn' });
    this.#turnMs.push(performance.now() - startedAt);
    const { rssBytes } = await this.#server.usage();
    this.#rssBytes = Math.max(this.#rssBytes, rssBytes);
  }
}
