/**
 * A whole server in a process of its own, so that its CPU time and memory are its own: `bench-server.ts DATA`. Its
 * provider feeds it; the parent process says what is to be done, one order after the other or several at once.
 */
import { mkdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { formatRecording, formatRecordingLine, readRecording } from '../../adapters/replay/recording.ts';
import { GitHistory } from '../../adapters/git/index.ts';
import { LocalProcessHost } from '../../adapters/shared/process-host.ts';
import { redact } from '../../adapters/shared/redact.ts';
import { Secrets } from '../../adapters/shared/secrets.ts';
import { openJournal } from '../../adapters/sqlite/index.ts';
import { commandSchema } from '../../machines/domain/command.ts';
import { commandIdSchema, type ThreadId } from '../../machines/domain/ids.ts';
import { nanoid } from 'nanoid';
import { configFileSchema } from '../../server/config.ts';
import { serve, type RunningServer, type ServerAdapters } from '../../server/serve.ts';
import { feedingDriver, type MixName } from './feeding-provider.ts';

const adapters: ServerAdapters = {
  drivers: [feedingDriver],
  openJournal: ({ data, durability }, makeEpoch) =>
    openJournal({ folder: data, durability, now: () => Date.now(), makeEpoch }),
  copyDatabase: () => {
    throw new Error('not here');
  },
  makeHistory: (folder) => new GitHistory({ folder, env: process.env }),
  makeProcessHost: () =>
    new LocalProcessHost({ table: { put: () => {}, remove: () => {} }, makeMarker: nanoid }),
  endSurvivor: () => Promise.resolve(),
  recordings: { read: readRecording, format: formatRecording, formatLine: formatRecordingLine, redact },
  secrets: new Secrets(),
  openFrameLog: () =>
    Promise.resolve({
      append: () => '',
      read: () => Promise.resolve(null),
      close: () => Promise.resolve(),
    }),
};

const CREATED_AT_ONCE = 64;

export interface Usage {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

/** What the parent may order. */
export class Orders {
  readonly #server: RunningServer;
  readonly #turnEnds = new Map<ThreadId, () => void>();

  constructor(server: RunningServer) {
    this.#server = server;
    server.runtime.onCommitted(({ threads }) => {
      for (const { threadId, entries } of threads) {
        const hasEnded = entries.some(({ facts }) => facts.some(({ type }) => type === 'turn.ended'));
        if (hasEnded) this.#turnEnds.get(threadId)?.();
      }
    });
  }

  place(): { url: string; tokenFile: string } {
    const { url, tokenFile } = this.#server;
    return { url, tokenFile };
  }

  /** Threads that nobody talks to, titled as people do. */
  async createThreads(count: number): Promise<ThreadId[]> {
    const threadIds: ThreadId[] = [];
    for (let made = 0; made < count; made += CREATED_AT_ONCE) {
      const batch = Array.from({ length: Math.min(CREATED_AT_ONCE, count - made) }, (_, index) =>
        this.#dispatch({
          type: 'thread.create',
          cwd: '/',
          instanceId: 'bench',
          title: `Thread ${made + index}: why does the build fail on a clean checkout?`,
        }),
      );
      threadIds.push(...(await Promise.all(batch)));
    }
    return threadIds;
  }

  /** Turns of each thread, one after the other; all threads at once. Resolves when the last one has ended. */
  async runTurns(threadIds: readonly ThreadId[], mix: MixName, count: number): Promise<void> {
    await Promise.all(threadIds.map((threadId) => this.#runTurns(threadId, mix, count)));
  }

  usage(): Usage {
    const { user, system } = process.cpuUsage();
    return { cpuSeconds: (user + system) / 1e6, rssBytes: process.memoryUsage.rss() };
  }

  /** Of what is in use, after a full collection. */
  heapBytes(): number {
    setFlagsFromString('--expose-gc');
    const collect: unknown = runInNewContext('gc');
    if (typeof collect !== 'function') throw new Error('there is no collection to be asked for');
    for (let pass = 0; pass < 3; pass += 1) Reflect.apply(collect, null, []);
    return process.memoryUsage().heapUsed;
  }

  async stop(): Promise<void> {
    await this.#server.stop(0);
  }

  async #runTurns(threadId: ThreadId, mix: MixName, count: number): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) {
      const ended = new Promise<void>((resolve) => this.#turnEnds.set(threadId, resolve));
      await this.#dispatch({ type: 'turn.submit', threadId, text: mix });
      await ended;
    }
  }

  async #dispatch(command: object): Promise<ThreadId> {
    const { runtime } = this.#server;
    const { threadId } = await runtime.dispatch(
      commandIdSchema.parse(nanoid()),
      commandSchema.parse(command),
    );
    return threadId;
  }
}

export interface Order {
  readonly id: number;
  readonly name: keyof Orders;
  readonly args: readonly unknown[];
}
export type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly error: string });

async function follow(orders: Orders, { id, name, args }: Order): Promise<void> {
  const send = (answer: Answer): void => void process.send?.(answer);
  try {
    const act: unknown = Reflect.get(orders, name);
    if (typeof act !== 'function') throw new Error(`no order ${name}`);
    const value: unknown = await Reflect.apply(act, orders, args);
    send({ id, value });
  } catch (error) {
    send({ id, error: String(error) });
  }
  if (name === 'stop') process.disconnect();
}

if (import.meta.main) {
  const [data = ''] = process.argv.slice(2);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const instances = [{ instanceId: 'bench', driver: 'feeding' }];
  // every delta is an entry of its own
  const config = { ...configFileSchema.parse({ port: 0, deltaWindowMs: 0, instances }), data };
  const log = { info: () => {}, warn: console.error, error: console.error };
  const orders = new Orders(await serve(config, adapters, { log, release: 'bench' }));
  process.on('message', (order: Order) => void follow(orders, order));
  // with the parent, however that ends
  process.once('disconnect', () => process.exit());
  process.send?.('ready');
}
