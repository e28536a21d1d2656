/** What goes over the wire: a delta's frame, and the first page of many threads. */
import { z } from 'zod';
import { NOTIFICATIONS } from '../../server/gateway/frame.ts';
import { BenchServer } from './bench-server-process.ts';
import { median, percentile, type Figure } from './figure.ts';
import { RawSocket } from './raw-socket.ts';

const STORED_COUNT = 1_000;
const PAGE_COUNT = 50;
const READS = 30;
/** Enough for numbers as long as those of a server that has run for months. */
const TURNS_BEFORE = 20;

export async function measureWire(): Promise<readonly Figure[]> {
  const server = await BenchServer.start();
  try {
    return [...(await deltaFrame(server)), ...(await firstPage(server))];
  } finally {
    await server.end();
  }
}

const notificationSchema = z.object({
  method: z.literal('orchestration.thread'),
  params: NOTIFICATIONS['orchestration.thread'],
});

/** Of messages with nothing but one delta: as many as an agent's stream brings, since others are merged. */
async function deltaFrame(server: BenchServer): Promise<Figure[]> {
  const [thread] = await server.order('createThreads', 1);
  if (thread === undefined) throw new Error('no thread');
  await server.order('runTurns', [thread], 'mixed', TURNS_BEFORE);
  const sizes: number[] = [];
  const socket = await RawSocket.open(server);
  socket.onMessage = ({ text }) => {
    const message = notificationSchema.safeParse(JSON.parse(text)).data;
    const [frame, ...more] = message?.params.frames ?? [];
    if (frame?.kind !== 'event' || frame.fact.type !== 'item.delta' || more.length > 0) return;
    sizes.push(Buffer.byteLength(text) - Buffer.byteLength(frame.fact.text));
  };
  await socket.ask('orchestration.subscribeThread', { threadId: thread, deltas: true });
  await server.order('runTurns', [thread], 'paced', 1);
  socket.close();
  if (sizes.length === 0) throw new Error('no delta came alone');
  return [
    {
      name: 'wire, one delta',
      unit: 'bytes beside its text',
      value: median(sizes),
      target: { atMost: 250 },
      peer: 't3code 4,500',
    },
  ];
}

async function firstPage(server: BenchServer): Promise<Figure[]> {
  await server.order('createThreads', STORED_COUNT);
  const socket = await RawSocket.open(server);
  const times: number[] = [];
  let sizeBytes = 0;
  for (let read = 0; read < READS; read += 1) {
    const askedAt = performance.now();
    const { text, at } = await socket.ask('orchestration.listThreads', { limit: PAGE_COUNT });
    times.push(at - askedAt);
    sizeBytes = Buffer.byteLength(text);
  }
  socket.close();
  const name = `first page of ${STORED_COUNT.toLocaleString('en')} threads`;
  return [
    {
      name,
      unit: 'KB',
      value: sizeBytes / 1e3,
      target: { atMost: 30 },
      peer: 't3code 2,300, the whole list',
    },
    { name, unit: 'ms, p50', value: median(times), target: { atMost: 10 }, peer: 't3code 236' },
    { name, unit: 'ms, p90', value: percentile(times, 0.9) },
  ];
}
