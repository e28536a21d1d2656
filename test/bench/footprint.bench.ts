/** The memory of a server that nobody uses. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import type { Figure } from './figure.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const BUILT = join(ROOT, 'dist', 'server', 'bin.js');
const SOURCE = join(ROOT, 'server', 'main.ts');
/** After which nothing of the start is going on any more. */
const SETTLED_AFTER_MS = 2_000;

/** Of what `npm run build` has made; from source, where it has not been run, with the compiler and no target. */
export async function measureFootprint(): Promise<readonly Figure[]> {
  const isBuilt = existsSync(BUILT);
  const folder = makeTempFolder();
  const args = ['serve', '--json', '--port', '0', '--data', folder.path];
  const server = await ServerProcess.start({
    path: isBuilt ? BUILT : SOURCE,
    args,
    data: folder.path,
    word: 'bench-footprint',
  });
  await setTimeout(SETTLED_AFTER_MS);
  const value = rssMib(server.place.pid);
  server.send('SIGTERM');
  await server.exited;
  folder.remove();
  return [
    {
      name: `idle server, ${isBuilt ? 'built' : 'from source (npm run build comes first)'}`,
      unit: 'MiB of memory',
      value,
      ...(isBuilt && { target: { atMost: 100 } }),
      peer: 't3code 458',
    },
  ];
}

function rssMib(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
}
