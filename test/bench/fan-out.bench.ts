/** Journaled, projected and delivered: how many inputs a second of CPU time takes when clients follow the thread. */
import { BenchServer } from './bench-server-process.ts';
import { inputCountOf, type MixName } from './feeding-provider.ts';
import { FanOutClients } from './fan-out-clients-process.ts';
import type { Figure, Target } from './figure.ts';

interface Load {
  readonly name: string;
  readonly mix: MixName;
  readonly threadCount: number;
  /** Each follows all threads. */
  readonly clientCount: number;
  /** Turns of each thread between two looks at the clients: less than the server lets a client lag behind. */
  readonly turnsOfSlice: number;
  readonly sliceCount: number;
  readonly target: Target;
  readonly peer?: string;
}

export const LOADS: readonly Load[] = [
  {
    name: 'delivered, mixed, 1 client',
    mix: 'mixed',
    threadCount: 1,
    clientCount: 1,
    turnsOfSlice: 4,
    sliceCount: 12,
    target: { atLeast: 50_000 },
    peer: 't3code 1,500, nobody listening',
  },
  {
    name: 'delivered, mixed, 100 clients',
    mix: 'mixed',
    threadCount: 1,
    clientCount: 100,
    turnsOfSlice: 4,
    sliceCount: 12,
    target: { atLeast: 25_000 },
  },
  {
    name: 'delivered, lifecycle only, 1 client',
    mix: 'lifecycle',
    threadCount: 64,
    clientCount: 1,
    turnsOfSlice: 2,
    sliceCount: 12,
    target: { atLeast: 12_000 },
  },
];
/** Of the slices that are measured; a server runs for longer than its compiler needs. */
const WARM_UP_SHARE = 0.75;

export async function measureFanOut(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const load of LOADS) figures.push(...(await measure(load)));
  return figures;
}

export async function measure(load: Load): Promise<Figure[]> {
  const { name, mix, threadCount, clientCount, turnsOfSlice, sliceCount, target, peer } = load;
  const server = await BenchServer.start();
  const threadIds = await server.order('createThreads', threadCount);
  const clients = await FanOutClients.start(server, threadIds, clientCount);
  let turnCount = 0;
  const feed = async (count: number): Promise<void> => {
    for (let slice = 0; slice < count; slice += 1) {
      await server.order('runTurns', threadIds, mix, turnsOfSlice);
      turnCount += threadCount * turnsOfSlice;
      await clients.seen(turnCount);
    }
  };
  await feed(Math.round(sliceCount * WARM_UP_SHARE));
  const before = clients.messageCount;
  const seconds = await server.cpuSecondsOf(() => feed(sliceCount));
  const messages = (clients.messageCount - before) / clientCount;
  clients.end();
  await server.end();
  const inputs = sliceCount * threadCount * turnsOfSlice * inputCountOf(mix);
  const unit = 'inputs per CPU-second';
  return [
    { name, unit, value: inputs / seconds, target, ...(peer === undefined ? {} : { peer }) },
    { name, unit: 'messages per input and client', value: messages / inputs },
  ];
}
