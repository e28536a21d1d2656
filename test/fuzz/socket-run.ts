/** Fuzzed connections to a real server: whatever comes over one, it is answered or closed, and the others go on. */
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { RuntimeError } from '../../machines/domain/error.ts';
import { Random } from '../helpers/random.ts';
import type { RawClient } from '../helpers/raw-client.ts';
import { startGateway, type StartedGateway } from '../helpers/start-gateway.ts';
import { until } from '../helpers/until.ts';
import { connectionBytes } from './client-bytes.ts';
import { usedBytes } from './heap.ts';
import { readServer } from './server-bytes.ts';

const AT_ONCE_COUNT = 40;
const SLOW_COUNT = 100;
const STATUSES = [100, 101, 200, 201, 400, 401, 403, 404, 405, 408, 413, 417, 426, 429, 431, 503];
/** Of the protocol itself (1002, 1007), ours, and those that a client may have sent and gets back. */
const isCloseCode = (code: number): boolean => code >= 1000 && code < 5000 && code !== 1011;

export interface SocketFigures {
  readonly connectionCount: number;
  /** Requests and frames. */
  readonly messageCount: number;
  /** By status and close code. */
  readonly seen: Readonly<Record<string, number>>;
  readonly grownBytes: number;
}

export class SocketRun {
  readonly #random: Random;
  readonly #seen: Record<string, number> = {};
  readonly #problems: unknown[] = [];
  #messageCount = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  async play(connectionCount: number): Promise<SocketFigures> {
    const warn = (details: object, message: string): void => void this.#problems.push({ message, details });
    const gateway = await startGateway({
      limits: { handshakeTimeoutMs: 500, closeTimeoutMs: 200 },
      log: { warn },
    });
    gateway.runtime.onDispatch = () => Promise.reject(new RuntimeError('THREAD_NOT_FOUND', 'there is none'));
    gateway.runtime.create('t1');
    const healthy = await gateway.open();
    const slow = Array.from({ length: SLOW_COUNT }, (_, index) => this.#stay(gateway, index));
    let before = 0;
    for (let count = 0; count < connectionCount; count += AT_ONCE_COUNT) {
      await Promise.all(Array.from({ length: AT_ONCE_COUNT }, () => this.#visit(gateway)));
      await this.#askHealthy(gateway, healthy);
      if (before === 0 && count >= connectionCount / 5) before = usedBytes();
    }
    await Promise.all(slow);
    await until(() => gateway.server.gateway.stats.socketCount === 1);
    expect(this.#problems).toEqual([]);
    // what a connection that is gone was writing is removed after its end
    await until(() => draftsIn(gateway).length === 0, { describe: () => draftsIn(gateway).join() });
    return {
      connectionCount,
      messageCount: this.#messageCount,
      seen: this.#seen,
      grownBytes: usedBytes() - before,
    };
  }

  /** Sends all, says that this was all, and waits until the server has closed. */
  async #visit(gateway: StartedGateway): Promise<void> {
    const { server, token } = gateway;
    const { bytes, messageCount } = connectionBytes({ port: server.port, token }, this.#random);
    this.#messageCount += messageCount;
    const chunks: Buffer[] = [];
    const socket = connect(server.port, '127.0.0.1');
    socket.on('data', (chunk) => chunks.push(chunk));
    const closed = whenClosed(socket);
    if (this.#random.chance(0.1)) socket.write(bytes, () => void socket.destroy());
    else socket.end(bytes);
    await closed;
    this.#judge(Buffer.concat(chunks), bytes);
  }

  /** A handshake that begins and does not go on: the server ends it. */
  async #stay({ server, token }: StartedGateway, index: number): Promise<void> {
    const halves = [
      '',
      'G',
      'GET /healthz HTTP/1.1\r\nHost: loc',
      `GET /ws HTTP/1.1\r\nAuthorization: Bearer ${token}\r\n`,
    ];
    const socket = connect(server.port, '127.0.0.1').resume();
    const closed = whenClosed(socket);
    socket.write(halves[index % halves.length] ?? '');
    await closed;
  }

  #judge(said: Buffer, sent: Buffer): void {
    const { statuses, texts, closeCode } = readServer(said);
    const what = `${sent.subarray(0, 3_000).toString('latin1')}\n→ ${said.subarray(0, 1_000).toString('latin1')}`;
    for (const status of statuses) {
      this.#count(String(status));
      if (!STATUSES.includes(status)) throw new Error(`status ${status}: ${what}`);
    }
    for (const text of texts) {
      JSON.parse(text);
      if (text.includes('"code":"INTERNAL"')) throw new Error(`${text}: ${what}`);
    }
    if (closeCode === null) return;
    this.#count(
      `closed ${[1002, 1003, 1007, 4408, 4413, 4429].includes(closeCode) ? closeCode : 'as asked'}`,
    );
    if (!isCloseCode(closeCode)) throw new Error(`close code ${closeCode}: ${what}`);
  }

  #count(what: string): void {
    this.#seen[what] = (this.#seen[what] ?? 0) + 1;
  }

  async #askHealthy(gateway: StartedGateway, healthy: RawClient): Promise<void> {
    await healthy.result('server.info');
    healthy.messages.length = 0;
    if (this.#random.chance(0.05)) expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
  }
}

function whenClosed(socket: Socket): Promise<void> {
  // a reset is an end too
  socket.on('error', () => undefined);
  return new Promise((resolve) => void socket.once('close', () => resolve()));
}

const draftsIn = ({ dataFolder }: StartedGateway): string[] =>
  readdirSync(join(dataFolder, 'attachments')).filter((name) => !/^[0-9a-f]{64}$/.test(name));
