/** Journaled and projected: how many inputs a second of CPU time takes, alone and beside many stored threads. */
import type { ThreadId } from '../../machines/domain/ids.ts';
import { BenchServer } from './bench-server-process.ts';
import { inputCountOf } from './feeding-provider.ts';
import { median, type Figure } from './figure.ts';

/** All their turns at once fit into the ingress queue. */
const THREAD_COUNT = 5;
const FEW = 10;
const MANY = 10_000;
const TURNS_OF_ROUND = 4;
const WARM_UP_ROUNDS = 2;
const ROUNDS = 5;
/** The same within what a shared machine allows to tell apart. */
const SAME = 0.95;

interface Subject {
  readonly server: BenchServer;
  readonly threadIds: readonly ThreadId[];
}

export async function measureIngest(): Promise<readonly Figure[]> {
  const small = await start(FEW - THREAD_COUNT);
  const big = await start(MANY - THREAD_COUNT);
  const rates: { readonly small: number; readonly big: number }[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1) {
    const pair = { small: await rate(small), big: await rate(big) };
    if (round >= WARM_UP_ROUNDS) rates.push(pair);
  }
  await small.server.end();
  await big.server.end();
  return [
    {
      name: 'ingest, mixed, nobody listening',
      unit: 'inputs per CPU-second',
      value: median(rates.map((each) => each.small)),
      peer: 't3code 1,500',
    },
    {
      name: 'ingest beside 10,000 stored threads',
      unit: 'of the rate beside 10',
      value: median(rates.map((each) => each.big / each.small)),
      target: { atLeast: SAME },
    },
  ];
}

async function start(storedCount: number): Promise<Subject> {
  const seeding = await BenchServer.start();
  await seeding.order('createThreads', storedCount);
  const server = await seeding.restarted();
  return { server, threadIds: await server.order('createThreads', THREAD_COUNT) };
}

async function rate({ server, threadIds }: Subject): Promise<number> {
  const seconds = await server.cpuSecondsOf(() =>
    server.order('runTurns', threadIds, 'mixed', TURNS_OF_ROUND),
  );
  return (THREAD_COUNT * TURNS_OF_ROUND * inputCountOf('mixed')) / seconds;
}
