/** Short facts of one thread with two turns, and what is folded from them. */
import { evolve } from '../../machines/domain/evolve.ts';
import { factSchema, type Fact, type FactOf } from '../../machines/domain/fact.ts';
import { itemIdSchema, requestIdSchema } from '../../machines/domain/ids.ts';
import type { Item, ItemKind } from '../../machines/domain/item.ts';
import { turnBegan, turnEnded } from './facts.ts';
import { link, SETTINGS, THREAD, turnOf } from './inputs.ts';
import { MapTables } from './map-tables.ts';

export const A = turnOf('a');
export const B = turnOf('b');

export const CREATED: Fact = { type: 'thread.created', threadId: THREAD, settings: SETTINGS };
export const began = (turnId = A, more: Partial<FactOf<'turn.began'>> = {}): Fact => ({
  ...turnBegan(turnId),
  ...more,
});
export const endOf = (more: Partial<FactOf<'turn.ended'>> = {}): Fact => ({ ...turnEnded(A), ...more });
export const item = (id: string, kind: ItemKind = 'assistant_message', more: Partial<Item> = {}): Item => ({
  itemId: itemIdSchema.parse(id),
  ordinal: 1,
  turnId: A,
  attempt: 1,
  body: { kind, command: 'make', tool: 'make' } as Item['body'],
  text: '',
  status: 'open',
  ...more,
});
export const R = requestIdSchema.parse('r');
export const OPENED: Fact = {
  type: 'request.opened',
  request: {
    requestId: R,
    nativeRequestId: 'n',
    body: { kind: 'command', command: 'make' },
    decisions: ['accept'],
    owner: 'turn',
    turnId: A,
    attempt: 1,
    connectionId: link(),
  },
};

/** The facts one after the other, at the times 1, 2, 3, … */
export function folded(...facts: Fact[]): MapTables {
  const tables = new MapTables();
  facts.forEach((fact, index) => {
    const place = index + 1;
    evolve(tables, { sequence: place, version: place, at: place, fact: factSchema.parse(fact) });
  });
  return tables;
}
