/** The built server, as users start it: how soon it is ready, and the memory of one that nobody uses. */
import { execFileSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { BUILT_SERVER } from './built-server.ts';
import type { Figure } from './figure.ts';
import { openStore, storeThreads } from './stored-threads.ts';

const STORED_COUNT = 100_000;
/** After which nothing of the start is going on any more. */
const SETTLED_AFTER_MS = 2_000;

interface Start {
  readonly readyMs: number;
  readonly rssMib: number;
}

export async function measureStart(): Promise<readonly Figure[]> {
  const empty = await startOn(() => undefined);
  const full = await startOn(storeMany);
  const name = 'with 100,000 stored threads';
  return [
    {
      name: 'start, built',
      unit: 'ms to ready',
      value: empty.readyMs,
      target: { atMost: 700 },
      peer: 't3code 4,000',
    },
    { name: `start, built, ${name}`, unit: 'ms to ready', value: full.readyMs, target: { atMost: 1_500 } },
    {
      name: 'idle server, built',
      unit: 'MiB of memory',
      value: empty.rssMib,
      target: { atMost: 100 },
      peer: 't3code 458',
    },
    {
      name: `idle server, built, ${name}`,
      unit: 'MiB more than with none',
      value: full.rssMib - empty.rssMib,
      target: { atMost: 30 },
    },
  ];
}

function storeMany(folder: string): void {
  const journal = openStore(folder);
  storeThreads(journal, STORED_COUNT);
  journal.close();
}

/** The second start of a folder, as users know it; the first one of all fills the cache of compiled modules. */
async function startOn(fill: (folder: string) => void): Promise<Start> {
  const folder = makeTempFolder();
  const args = ['serve', '--json', '--port', '0', '--data', folder.path];
  const program = { path: BUILT_SERVER, args, data: folder.path, word: 'bench-start' };
  try {
    fill(folder.path);
    await (await ServerProcess.start(program)).end();
    const startedAt = performance.now();
    const server = await ServerProcess.start(program);
    const readyMs = performance.now() - startedAt;
    await setTimeout(SETTLED_AFTER_MS);
    const rssMib = rssMibOf(server.place.pid);
    await server.end();
    return { readyMs, rssMib };
  } finally {
    folder.remove();
  }
}

function rssMibOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
}
