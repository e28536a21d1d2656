/** How many threads a second one client can make over its socket. */
import { BenchServer } from './bench-server-process.ts';
import type { Figure } from './figure.ts';
import { RawSocket } from './raw-socket.ts';

const IN_FLIGHT = 64;
const WARM_UP_COUNT = 3_000;
const COUNT = 6_000;

export async function measureCreate(): Promise<readonly Figure[]> {
  const server = await BenchServer.start();
  const socket = await RawSocket.open(server);
  await create(socket, WARM_UP_COUNT);
  let wallSeconds = 0;
  const cpuSeconds = await server.cpuSecondsOf(async () => {
    const startedAt = performance.now();
    await create(socket, COUNT);
    wallSeconds = (performance.now() - startedAt) / 1e3;
  });
  socket.close();
  await server.end();
  const name = 'thread.create, one socket, 64 in flight';
  return [
    { name, unit: 'a second', value: COUNT / wallSeconds, target: { atLeast: 3_000 }, peer: 't3code 200' },
    { name, unit: 'a CPU-second', value: COUNT / cpuSeconds },
  ];
}

/** A new one is asked for with each answer. */
async function create(socket: RawSocket, count: number): Promise<void> {
  let [asked, answered] = [0, 0];
  const ask = (): void => {
    asked += 1;
    const command = { type: 'thread.create', cwd: '/', instanceId: 'bench', title: `Thread ${asked}` };
    const params = { commandId: crypto.randomUUID(), command };
    const method = 'orchestration.dispatchCommand';
    socket.ws.send(JSON.stringify({ jsonrpc: '2.0', id: asked, method, params }));
  };
  await new Promise<void>((resolve, reject) => {
    socket.onMessage = ({ text }) => {
      if (text.includes('"error":')) reject(new Error(text));
      answered += 1;
      if (answered === count) resolve();
      else if (asked < count) ask();
    };
    for (let first = 0; first < IN_FLIGHT; first += 1) ask();
  });
}
