import { describe, expect, it } from 'vitest';
import type { Fact } from '../../../../machines/domain/fact.ts';
import { itemIdSchema } from '../../../../machines/domain/ids.ts';
import type { Item, ItemKind } from '../../../../machines/domain/item.ts';
import { A, B, CREATED, began, endOf, item, R, OPENED, folded } from '../../../helpers/folded-facts.ts';
import { cause } from '../../../helpers/inputs.ts';

describe('an item', () => {
  const itemAfter = (...facts: Fact[]) =>
    folded(CREATED, began(), ...facts).items.get(itemIdSchema.parse('i'));
  const started = (kind: ItemKind = 'assistant_message', more: Partial<Item> = {}): Fact => ({
    type: 'item.started',
    item: item('i', kind, more),
  });

  it('grows by its deltas and is replaced by its completion', () => {
    const delta: Fact = { type: 'item.delta', itemId: itemIdSchema.parse('i'), text: 'x' };
    expect(itemAfter(started(), delta, delta)?.text).toBe('xx');
    const completed: Fact = {
      type: 'item.completed',
      item: item('i', 'assistant_message', { text: 'whole', status: 'completed' }),
    };
    expect(itemAfter(started(), delta, completed)).toMatchObject({ text: 'whole', status: 'completed' });
  });

  it('keeps its first place and time when it starts again', () => {
    const again: Fact = {
      type: 'item.updated',
      item: item('i', 'assistant_message', { ordinal: 9, text: 'x' }),
    };
    expect(itemAfter(started(), again)).toMatchObject({ ordinal: 1, createdAt: 3, updatedAt: 4, text: 'x' });
  });

  it('is told its whole text before its deltas are pruned, which changes no time', () => {
    const closed: Fact = {
      type: 'item.closed',
      itemId: itemIdSchema.parse('i'),
      text: 'whole',
      status: 'interrupted',
    };
    const told = { text: 'whole', status: 'interrupted', updatedAt: itemAfter(started())?.updatedAt };
    expect(itemAfter(started(), closed)).toMatchObject(told);
    expect(itemAfter(closed)).toBeUndefined();
  });

  it.each<[string, ItemKind, { readonly end: Fact; readonly status: string }]>([
    ['a message of a completed turn', 'assistant_message', { end: endOf(), status: 'completed' }],
    ['reasoning of a completed turn', 'reasoning', { end: endOf(), status: 'completed' }],
    ['a tool call of a completed turn', 'tool_call', { end: endOf(), status: 'unknown' }],
    [
      'anything of an interrupted turn',
      'command',
      { end: endOf({ outcome: 'interrupted' }), status: 'interrupted' },
    ],
    [
      'anything of a failed turn',
      'command',
      { end: endOf({ outcome: 'failed', failure: cause('STALLED') }), status: 'failed' },
    ],
    [
      'anything of a lost turn',
      'command',
      { end: endOf({ outcome: 'failed', failure: cause('CONNECTION_LOST') }), status: 'unknown' },
    ],
    [
      'anything of an absorbed turn',
      'assistant_message',
      { end: endOf({ outcome: 'absorbed' }), status: 'unknown' },
    ],
    [
      'anything of a turn whose outcome is unknown',
      'assistant_message',
      { end: endOf({ outcome: 'unknown' }), status: 'unknown' },
    ],
    [
      'anything of an attempt that is over',
      'command',
      { end: { type: 'turn.attempted', turnId: A, attempt: 2 }, status: 'interrupted' },
    ],
  ])('that the provider left open is closed: %s', (_, kind, { end, status }) => {
    expect(itemAfter(started(kind), end)?.status).toBe(status);
  });

  it('that is complete stays as it is at the end of its turn', () => {
    expect(itemAfter(started('command', { status: 'failed' }), endOf())?.status).toBe('failed');
  });

  it('of another turn stays open', () => {
    expect(itemAfter(started('command', { turnId: B }), endOf())?.status).toBe('open');
  });

  it('that comes late is attached to its own turn, which has ended', () => {
    expect(itemAfter(endOf(), started('command', { status: 'completed' }))).toMatchObject({
      turnId: A,
      status: 'completed',
    });
  });
});

describe('a request', () => {
  const request = (...facts: Fact[]) => folded(CREATED, ...facts).requests.get(R);
  const answering: Fact = { type: 'request.answering', requestId: R, answer: { decision: 'accept' } };

  it('goes through its life', () => {
    expect(request(OPENED)).toMatchObject({ status: 'open', answer: null, outcome: null, createdAt: 2 });
    expect(request(OPENED, answering)).toMatchObject({
      status: 'answering',
      answer: { decision: 'accept' },
      updatedAt: 3,
    });
    const failed: Fact = {
      type: 'request.undeliverable',
      requestId: R,
      failure: cause('ANSWER_UNDELIVERED'),
    };
    expect(request(OPENED, answering, failed)).toMatchObject({
      status: 'undeliverable',
      failure: { code: 'ANSWER_UNDELIVERED' },
    });
    expect(request(OPENED, answering, failed, answering)).toMatchObject({
      status: 'answering',
      failure: null,
    });
    const delivered: Fact = { type: 'request.delivered', requestId: R };
    expect(request(OPENED, answering, delivered)?.status).toBe('answering');
    const closed: Fact = { type: 'request.closed', requestId: R, outcome: 'accepted' };
    expect(request(OPENED, answering, delivered, closed)).toMatchObject({
      status: 'closed',
      outcome: 'accepted',
    });
  });

  it('that is not known changes nothing', () => {
    expect(request(answering)).toBeUndefined();
  });
});
