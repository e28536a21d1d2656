/** The package as npm would publish it, in an empty folder, and releases of Node to run it with. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const run = promisify(execFile);
/** What npm and the test runner add to the environment would hide what the package lacks. */
const ADDED =
  /^(npm_(?!config_(registry|cache|.*proxy)$)|NODE_(ENV|OPTIONS|PATH|COMPILE_CACHE)$|VITEST|INIT_CWD$)/i;
const PLAIN = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ADDED.test(name)));
/** npm waits for a registry that it cannot reach for many minutes. */
const NPM_MS = 240_000;
const npm = (cwd: string, ...args: string[]) => run('npm', args, { cwd, env: PLAIN, timeout: NPM_MS });

export interface Started {
  readonly url: string;
  readonly pid: number;
  readonly tokenFile: string;
}

export class Packed {
  /** An empty folder that has installed nothing but the package. */
  readonly folder: string;
  readonly #scratch: string;

  private constructor(scratch: string) {
    this.#scratch = scratch;
    this.folder = join(scratch, 'consumer');
  }

  /** Builds, packs and installs. */
  static async make(scratch: string): Promise<Packed> {
    const packed = new Packed(scratch);
    await npm(ROOT, 'pack', '--pack-destination', scratch);
    mkdirSync(packed.folder);
    writeFileSync(join(packed.folder, 'package.json'), '{"private":true,"type":"module"}');
    await npm(packed.folder, 'install', '--no-audit', '--no-fund', packed.tarball);
    return packed;
  }

  get tarball(): string {
    const name = readdirSync(this.#scratch).find((each) => each.endsWith('.tgz'));
    if (name === undefined) throw new Error('nothing was packed');
    return join(this.#scratch, name);
  }

  /** Paths in the package, without its root. */
  async files(): Promise<string[]> {
    const { stdout } = await run('tar', ['-tzf', this.tarball]);
    return stdout
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, ''));
  }

  /** The folder with the `node` of that release, from npm. */
  async nodeFolder(version: string): Promise<string> {
    if (version === process.versions.node) return join(process.execPath, '..');
    const folder = join(this.#scratch, `node-${version}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{"private":true,"allowScripts":{"node":true}}');
    await npm(folder, 'install', '--no-audit', '--no-fund', `node@${version}`);
    return join(folder, 'node_modules', '.bin');
  }

  /** In the environment of a user whose `node` is that one. */
  envWith(nodeFolder: string, data: string) {
    const PATH = [nodeFolder, PLAIN['PATH'] ?? ''].join(delimiter);
    return { ...PLAIN, PATH, HOME: data, XDG_CACHE_HOME: join(data, 'cache') };
  }

  /** `npx threadchart ARGS`, to its end. */
  async npx(env: NodeJS.ProcessEnv, ...args: string[]): Promise<string> {
    const { stdout } = await run('npx', ['--no-install', 'threadchart', ...args], { cwd: this.folder, env });
    return stdout.trim();
  }

  /** `npx threadchart serve` until it is ready. */
  async serve(env: NodeJS.ProcessEnv, data: string) {
    const args = ['--no-install', 'threadchart', 'serve', '--port', '0', '--json', '--data', data];
    const child = spawn('npx', args, { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
    const ended = once(child, 'exit');
    const line = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended]);
    if (typeof line[0] !== 'string') throw new Error(`the server ended with ${String(line[0])}:\n${log}`);
    const place = JSON.parse(line[0]) as Started;
    return {
      place,
      log: () => log,
      /** May be called again. */
      stop: async (): Promise<unknown> => {
        if (child.exitCode === null && child.signalCode === null) process.kill(place.pid, 'SIGTERM');
        const [code] = (await ended) as [unknown];
        return code;
      },
    };
  }
}

/** Of a process of this machine; `null` where that is not told. */
export function residentMiB(pid: number): number | null {
  if (process.platform !== 'linux') return null;
  const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}
