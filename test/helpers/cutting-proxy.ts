/** A line between a client and a server that breaks after so many bytes, in the middle of a frame if need be. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export class CuttingProxy {
  cutCount = 0;
  /** How many bytes to the client the next connection carries; `Infinity`: it holds. */
  nextBytes: () => number = () => Infinity;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  private constructor(target: number) {
    this.#target = target;
  }

  static async start(target: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    const server = createServer((socket) => proxy.#carry(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    proxy.#port = (server.address() as AddressInfo).port;
    onTestFinished(() => {
      for (const socket of proxy.#sockets) socket.destroy();
      server.close();
    });
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Ends every connection; new ones are cut at once until `mend`. */
  break(): void {
    this.nextBytes = () => 0;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.nextBytes = () => Infinity;
  }

  #carry(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1');
    let leftBytes = this.nextBytes();
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    client.on('data', (chunk) => server.write(chunk));
    server.on('data', (chunk) => {
      client.write(chunk.subarray(0, Math.min(leftBytes, chunk.byteLength)));
      leftBytes -= chunk.byteLength;
      if (leftBytes > 0) return;
      this.cutCount += 1;
      client.destroySoon();
      server.destroy();
    });
  }
}
