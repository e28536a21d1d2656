/** The other end of `fan-out-clients.ts`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { BenchServer } from './bench-server-process.ts';

const PROGRAM = join(import.meta.dirname, 'fan-out-clients.ts');

export class FanOutClients {
  messageCount = 0;
  #turnCount = 0;
  readonly #child: ChildProcess;
  #waiting: { readonly turnCount: number; readonly resolve: () => void } | null = null;
  #isEnded = false;

  private constructor(child: ChildProcess, lines: Interface) {
    this.#child = child;
    lines.on('line', (line) => {
      const [turnCount = 0, messageCount = 0] = line.split(' ').map(Number);
      this.#turnCount = turnCount;
      this.messageCount = messageCount;
      if (this.#waiting !== null && turnCount >= this.#waiting.turnCount) this.#waiting.resolve();
    });
    child.once('exit', (code) => {
      if (!this.#isEnded) throw new Error(`the clients ended with ${code}`);
    });
  }

  static async start(
    { url, token }: BenchServer,
    threadIds: readonly ThreadId[],
    count: number,
  ): Promise<FanOutClients> {
    const args = [PROGRAM, url, token, threadIds.join(), String(count)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    const lines = createInterface({ input: child.stdout ?? process.stdin });
    await new Promise((resolve) => lines.once('line', resolve));
    return new FanOutClients(child, lines);
  }

  /** Resolves when all clients have seen so many turns end. */
  async seen(turnCount: number): Promise<void> {
    if (this.#turnCount >= turnCount) return;
    await new Promise<void>((resolve) => (this.#waiting = { turnCount, resolve }));
    this.#waiting = null;
  }

  end(): void {
    this.#isEnded = true;
    this.#child.kill('SIGTERM');
  }
}
