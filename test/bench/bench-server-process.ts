/** The other end of `bench-server.ts`. */
import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTempFolder, type TempFolder } from '../helpers/temp-folder.ts';
import type { Answer, Order, Orders, Usage } from './bench-server.ts';

const PROGRAM = join(import.meta.dirname, 'bench-server.ts');

type OrderName = keyof Orders;
type ArgsOf<N extends OrderName> = Parameters<Orders[N]>;
type ValueOf<N extends OrderName> = Awaited<ReturnType<Orders[N]>>;

export class BenchServer {
  readonly #child: ChildProcess;
  readonly #folder: TempFolder;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #orderCount = 0;
  url = '';
  token = '';

  private constructor(child: ChildProcess, folder: TempFolder) {
    this.#child = child;
    this.#folder = folder;
    child.once('exit', (code) => {
      const error = new Error(`the server of the bench ended with ${code}`);
      for (const { reject } of this.#waiting.values()) reject(error);
    });
  }

  /** `flags`: of node. */
  static async start(flags: readonly string[] = [], folder = makeTempFolder()): Promise<BenchServer> {
    const child = fork(PROGRAM, [folder.path], { execArgv: [...process.execArgv, ...flags] });
    const server = new BenchServer(child, folder);
    await new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', (code) => reject(new Error(`the server of the bench ended with ${code}`)));
    });
    child.on('message', (answer: Answer) => server.#take(answer));
    const { url, tokenFile } = await server.order('place');
    server.url = url;
    server.token = readFileSync(tokenFile, 'utf8').trim();
    return server;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async order<N extends OrderName>(name: N, ...args: ArgsOf<N>): Promise<ValueOf<N>> {
    this.#orderCount += 1;
    const order: Order = { id: this.#orderCount, name, args };
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(order.id, waiting);
    this.#child.send(order);
    // both ends are of one program
    return (await waiting.promise) as ValueOf<N>;
  }

  /** CPU time of the server alone while `work` ran. */
  async cpuSecondsOf(work: () => Promise<unknown>): Promise<number> {
    const before = await this.usage();
    await work();
    return (await this.usage()).cpuSeconds - before.cpuSeconds;
  }

  usage(): Promise<Usage> {
    return this.order('usage');
  }

  async end(): Promise<void> {
    await this.#stop();
    this.#folder.remove();
  }

  /** Another one on the same store, with nothing in memory. */
  async restarted(): Promise<BenchServer> {
    await this.#stop();
    return BenchServer.start([], this.#folder);
  }

  async #stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    await this.order('stop');
    await exited;
  }

  #take(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.value);
  }
}
