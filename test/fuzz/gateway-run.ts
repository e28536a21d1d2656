/** Fuzzed messages through the gateway into a whole runtime over SQLite, without a network. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { openJournal } from '../../adapters/sqlite/index.ts';
import { errorCodeSchema } from '../../machines/domain/error.ts';
import { Gateway } from '../../server/gateway/gateway.ts';
import { LIMITS } from '../../server/gateway/limits.ts';
import type { Principal, Scope } from '../../server/gateway/scope.ts';
import { Random } from '../helpers/random.ts';
import { tempFolder } from '../helpers/sqlite-setup.ts';
import { RuntimeRun } from '../helpers/start-runtime.ts';
import { clientText, isAnswered, KNOWN_THREADS } from './client-frames.ts';
import { FakeSocket } from './fake-socket.ts';
import { usedBytes } from './heap.ts';

const BATCH_COUNT = 50;
/** Of one batch at the rate that a socket may have. */
const BATCH_MS = 1_000;
const SCOPES: readonly (readonly Scope[])[] = [
  ['read'],
  ['operate'],
  ['admin'],
  ['read', 'operate', 'admin'],
  [],
];

const answerSchema = z.union([
  z.strictObject({
    jsonrpc: z.literal('2.0'),
    id: z.union([z.string(), z.number(), z.null()]),
    result: z.unknown(),
  }),
  z.strictObject({
    jsonrpc: z.literal('2.0'),
    id: z.union([z.string(), z.number(), z.null()]),
    error: z.strictObject({
      code: z.union([z.literal([-32_700, -32_600, -32_601, -32_602, -32_000])]),
      message: z.string().max(500_000),
      data: z.strictObject({ code: errorCodeSchema, details: z.record(z.string(), z.unknown()) }),
    }),
  }),
]);

export interface GatewayFigures {
  readonly frameCount: number;
  readonly acceptedCount: number;
  readonly refusedCount: number;
  readonly grownBytes: number;
}

export class GatewayRun {
  readonly #random: Random;
  readonly #run: RuntimeRun;
  readonly #gateway: Gateway;
  readonly #problems: unknown[] = [];
  readonly #healthy: FakeSocket;
  #now = 0;
  #acceptedCount = 0;
  #refusedCount = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
    const journal = openJournal({ folder: tempFolder(), now: () => Date.now(), makeEpoch: () => 'e1' });
    onTestFinished(() => journal.close());
    this.#run = new RuntimeRun({ journal });
    const warn = (details: object, message: string): void =>
      void this.#problems.push({ message, ...details });
    this.#gateway = new Gateway(this.#run.runtime, { now: () => this.#now, log: { warn } });
    this.#healthy = this.#accept(['read']);
  }

  /** @throws what does not hold, with the message that it began with */
  async play(frameCount: number): Promise<GatewayFigures> {
    await this.#run.start();
    for (const threadId of [...KNOWN_THREADS, 'deleted']) await this.#run.create({ threadId });
    let before = 0;
    let client = this.#accept(['read', 'operate', 'admin']);
    for (let count = 0; count < frameCount; count += BATCH_COUNT) {
      if (client.closedWith !== null || this.#random.chance(0.02)) {
        client.terminate();
        client = this.#accept(this.#random.pick(SCOPES));
      }
      await this.#batch(client);
      await this.#askHealthy();
      // what the test's own runtime keeps is not the server's
      this.#run.ticks.length = 0;
      this.#run.warnings.length = 0;
      if (count % 5_000 === 0) this.#run.pass(3_000_000);
      // caches and compiled code come first
      if (before === 0 && count >= frameCount / 5) before = usedBytes();
    }
    this.#gateway.close();
    const { counters } = this.#run.runtime;
    expect(this.#problems).toEqual([]);
    expect(counters).toMatchObject({ failed: 0, malformed: 0 });
    return {
      frameCount,
      acceptedCount: this.#acceptedCount,
      refusedCount: this.#refusedCount,
      grownBytes: usedBytes() - before,
    };
  }

  #accept(scopes: readonly Scope[]): FakeSocket {
    const socket = new FakeSocket();
    const principal: Principal = { tokenId: 'file', scopes: new Set(scopes) };
    // the parts of it that a client's socket uses
    this.#gateway.accept(socket as unknown as WebSocket, socket, principal);
    return socket;
  }

  async #batch(client: FakeSocket): Promise<void> {
    const texts = Array.from({ length: BATCH_COUNT }, () => clientText(this.#random));
    const sequence = this.#run.runtime.reads.sequence();
    this.#now += BATCH_MS;
    client.answers.length = 0;
    for (const text of texts) client.take(text);
    if (this.#random.chance(0.01)) client.emit('message', Buffer.from(texts[0] ?? ''), true);
    const silent = texts.filter((text) => !isAnswered(text, LIMITS.inboundDepth));
    const expected = texts.length - silent.length;
    const answers = await this.#answersOf(client, expected);
    this.#run.settle();
    if (client.closedWith !== null) return expect([1003]).toContain(client.closedWith);
    expect(answers.length, `seed's batch ${JSON.stringify(texts)}`).toBe(expected);
    const wasAccepted = answers.some((answer) => this.#judge(answer, texts));
    const mayBeAccepted = wasAccepted || silent.some((text) => text.includes('dispatchCommand'));
    if (!mayBeAccepted) expect(this.#run.runtime.reads.sequence()).toBe(sequence);
  }

  /** Waits until all is said; a notification has to come to its end as well. */
  async #answersOf(client: FakeSocket, expected: number): Promise<string[]> {
    for (let turn = 0; turn < 2_000; turn += 1) {
      this.#run.settle();
      await nextTurn();
      if (client.closedWith !== null || (client.isHeard && client.answers.length >= expected)) break;
    }
    await nextTurn();
    return client.answers;
  }

  /** Whether something was accepted that changes the journal. */
  #judge(text: string, texts: readonly string[]): boolean {
    const answer = answerSchema.parse(JSON.parse(text));
    if (!('error' in answer)) {
      this.#acceptedCount += 1;
      const { result } = answer;
      return (
        typeof result === 'object' && result !== null && 'duplicate' in result && result.duplicate !== true
      );
    }
    this.#refusedCount += 1;
    if (answer.error.data.code === 'INTERNAL')
      throw new Error(`${text} after one of ${JSON.stringify(texts)}`);
    return false;
  }

  async #askHealthy(): Promise<void> {
    this.#healthy.answers.length = 0;
    this.#healthy.take('{"jsonrpc":"2.0","id":"well","method":"server.info"}');
    for (let turn = 0; turn < 100 && this.#healthy.answers.length === 0; turn += 1) await nextTurn();
    expect(this.#healthy.answers).toEqual([expect.stringContaining('"id":"well","result":')]);
  }
}
