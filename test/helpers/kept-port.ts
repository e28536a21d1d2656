import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the ports that Linux gives to whoever asks for any. */
const LOWEST = 20_000;
const COUNT = 6_000;
/** Files that run side by side have ports of their own. */
const WORKER = Number(process.env['VITEST_POOL_ID'] ?? 1) % 2;

/**
 * A free port for a server that comes back on it. One that the system chooses may have been given to another process by
 * then.
 */
export async function keptPort(): Promise<number> {
  for (;;) {
    const port = LOWEST + 2 * randomInt(COUNT) + WORKER;
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
