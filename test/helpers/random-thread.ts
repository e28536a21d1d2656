/** A thread that does what agents do, at random: turns, items that stream, requests, queue, titles. */
import type { Fact } from '../../machines/domain/fact.ts';
import { turnIdSchema } from '../../machines/domain/ids.ts';
import {
  itemCompleted,
  itemStarted,
  requestClosed,
  requestOpened,
  statusChanged,
  turnBegan,
  turnEnded,
} from './facts.ts';
import type { FakeRuntime } from './fake-runtime.ts';
import type { Random } from './random.ts';

export class RandomThread {
  readonly #runtime: FakeRuntime;
  readonly #random: Random;
  readonly #threadId: string;
  #number = 0;
  #turn: string | null = null;
  #items: { itemId: string; ordinal: number; text: string }[] = [];
  #request: string | null = null;
  #queue: string[] = [];

  constructor(runtime: FakeRuntime, threadId: string, random: Random) {
    this.#runtime = runtime;
    this.#threadId = threadId;
    this.#random = random;
  }

  /** Commits one tick of one to six entries. */
  tick(): void {
    const count = 1 + this.#random.below(6);
    for (let index = 0; index < count; index += 1) this.#act();
    this.#runtime.tick();
  }

  #act(): void {
    const [item] = this.#items;
    if (item !== undefined && this.#random.next() < 0.6) return this.#stream(item);
    const facts = this.#facts();
    this.#runtime.stage(this.#threadId, ...facts);
  }

  #stream(item: { itemId: string; text: string }): void {
    const text = `${this.#random.pick(['word', 'two words', 'é', '😀', '"quoted"\n'])} `;
    item.text += text;
    this.#runtime.stageDelta(this.#threadId, item.itemId, text);
  }

  #facts(): Fact[] {
    const act = this.#random.pick([
      'turn',
      'item',
      'item',
      'complete',
      'complete',
      'request',
      'queue',
      'title',
      'none',
    ]);
    switch (act) {
      case 'turn':
        return this.#moveTurn();
      case 'item':
        return this.#startItem();
      case 'complete':
        return this.#completeItem();
      case 'request':
        return this.#moveRequest();
      case 'queue':
        return this.#moveQueue();
      case 'title':
        return [{ type: 'thread.titleSet', title: `title ${this.#next()}` }];
      default:
        return [];
    }
  }

  #next(): number {
    this.#number += 1;
    return this.#number;
  }

  #moveTurn(): Fact[] {
    const turnId = this.#turn;
    if (turnId !== null) {
      this.#turn = null;
      this.#items = [];
      return [turnEnded(turnId), statusChanged('ready')];
    }
    const number = this.#next();
    this.#turn = `t${number}`;
    return [turnBegan(this.#turn, number), statusChanged('running', this.#turn)];
  }

  #startItem(): Fact[] {
    if (this.#turn === null) return [];
    const ordinal = this.#next();
    const item = { itemId: `i${ordinal}`, ordinal, text: '' };
    this.#items.push(item);
    return [itemStarted(item.itemId, { ordinal, turnId: this.#turn })];
  }

  #completeItem(): Fact[] {
    const item = this.#items.shift();
    if (item === undefined || this.#turn === null) return [];
    return [itemCompleted(item.itemId, { ordinal: item.ordinal, text: item.text, turnId: this.#turn })];
  }

  #moveRequest(): Fact[] {
    const requestId = this.#request;
    this.#request = requestId === null ? `r${this.#next()}` : null;
    return [requestId === null ? requestOpened(`r${this.#number}`) : requestClosed(requestId)];
  }

  #moveQueue(): Fact[] {
    const first = this.#queue.length > 3 ? this.#queue.shift() : undefined;
    if (first !== undefined) {
      return [{ type: 'queue.removed', queueEntryId: turnIdSchema.parse(first), reason: 'cancelled' }];
    }
    const turnId = turnIdSchema.parse(`q${this.#next()}`);
    this.#queue.push(turnId);
    const entry = { turnId, text: 'next', attachments: [], intent: 'queued' as const, failure: null };
    return [{ type: 'queue.added', index: this.#queue.length - 1, entry }];
  }
}
