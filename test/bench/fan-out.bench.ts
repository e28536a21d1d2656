/** How many provider inputs a second of CPU time takes when clients follow the thread. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { nanoid } from 'nanoid';
import { commandSchema } from '../../machines/domain/command.ts';
import { commandIdSchema, type ThreadId } from '../../machines/domain/ids.ts';
import { startHttpServer } from '../../server/http/server.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { cpuSecondsOf, type Figure } from './figure.ts';
import { feed, startBench, type Bench } from './ingest.bench.ts';

const CLIENTS = join(import.meta.dirname, 'fan-out-clients.ts');
/** Less than the server lets a client lag behind. */
const SLICE = 1_000;
const WARM_UP_SLICES = 2;
const SLICES = 10;

export async function measureFanOut(): Promise<readonly Figure[]> {
  return [...(await measure(1)), ...(await measure(100))];
}

async function measure(clientCount: number): Promise<Figure[]> {
  const bench = await startBench(1);
  const folder = makeTempFolder();
  const { runtime, provider } = bench;
  const http = await startHttpServer({
    runtime,
    dataFolder: folder.path,
    port: 0,
    allowedHosts: ['127.0.0.1'],
    allowedOrigins: [],
  });
  const threadId = provider.lines[0]?.threadId;
  if (threadId === undefined) throw new Error('no turn runs');
  const token = readFileSync(http.tokenFile, 'utf8').trim();
  const clients = await Clients.start([http.url, token, threadId, String(clientCount)]);
  const feedSlices = (count: number): Promise<void> => feedAll({ bench, threadId, clients }, count);
  await feedSlices(WARM_UP_SLICES);
  const before = clients.messageCount;
  const seconds = await cpuSecondsOf(() => feedSlices(SLICES));
  const messages = (clients.messageCount - before) / clientCount;
  clients.end();
  await http.close();
  await bench.end();
  folder.remove();
  const inputs = SLICES * SLICE;
  const name = `fan-out, ${clientCount} client${clientCount === 1 ? '' : 's'}`;
  return [
    { name, unit: 'inputs per CPU-second', value: inputs / seconds },
    { name, unit: 'messages per input and client', value: messages / inputs },
  ];
}

interface Fed {
  readonly bench: Bench;
  readonly threadId: ThreadId;
  readonly clients: Clients;
}

/** Slice by slice, each when all clients have seen the one before. */
async function feedAll({ bench, threadId, clients }: Fed, sliceCount: number): Promise<void> {
  for (let slice = 0; slice < sliceCount; slice += 1) {
    await feed(bench, SLICE);
    const mark = nanoid(8);
    const title = commandSchema.parse({ type: 'thread.setTitle', threadId, title: `mark ${mark}` });
    const seen = clients.seen(mark);
    await bench.runtime.dispatch(commandIdSchema.parse(nanoid()), title);
    await seen;
  }
}

/** The other process. */
class Clients {
  messageCount = 0;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<string, () => void>();

  private constructor(child: ChildProcess, lines: Interface) {
    this.#child = child;
    lines.on('line', (line) => {
      const [word = '', messageCount = '0'] = line.split(' ');
      this.messageCount = Number(messageCount);
      this.#waiting.get(word)?.();
    });
  }

  static async start(args: readonly string[]): Promise<Clients> {
    const child = spawn(process.execPath, [CLIENTS, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.once('exit', (code) => {
      if (code !== null) throw new Error(`the clients ended with ${code}`);
    });
    const clients = new Clients(child, createInterface({ input: child.stdout }));
    await clients.seen('ready');
    return clients;
  }

  /** Resolves with the line that begins with the word. */
  seen(word: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.set(word, resolve));
  }

  end(): void {
    this.#child.kill('SIGTERM');
  }
}
