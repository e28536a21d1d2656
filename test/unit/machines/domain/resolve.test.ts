import { describe, expect, it } from 'vitest';
import type { ProviderInput, ThreadInput } from '../../../../machines/domain/input.ts';
import type { ItemDraft, ItemRow } from '../../../../machines/domain/item.ts';
import { resolve, resolveTold, type TurnLookups } from '../../../../machines/domain/resolve.ts';
import { itemIdOf, itemIdSchema, requestIdSchema } from '../../../../machines/domain/ids.ts';
import {
  accepted,
  asked,
  began,
  ended,
  implemented,
  inactive,
  item,
  lost,
  resolved,
  started,
  turnOf,
} from '../../../helpers/inputs.ts';
import { given } from '../../../helpers/given.ts';
import { running } from '../../../helpers/inputs.ts';

const A = turnOf('a');
const OLD = turnOf('old');

/** `a` runs in its second attempt and is known to the provider as `n-a`; `old` is over. */
const LOOKUPS: TurnLookups = {
  thread: given(running('a')).stage.context,
  turn: { turnId: A, attempt: 2, nativeTurnId: 'n-a' },
  byNative: (native) => (native === 'n-old' ? { turnId: OLD, attempt: 3 } : null),
  ownerOf: (requestId) => (requestId === 'of-connection' ? 'connection' : null),
  item: () => undefined,
  newTurnId: () => turnOf('new'),
};
const resolvedAs = (input: unknown): object => resolve(input as ProviderInput, LOOKUPS);
const native = (nativeTurnId: string | null) => ({ native: nativeTurnId });

describe('a turn that the provider names', () => {
  it('is the running one by its id, with its attempt', () => {
    expect(resolvedAs(ended(null, 'completed', native('n-a')))).toMatchObject({ turnId: A, attempt: 2 });
  });

  it('is an earlier one wherever that is in its life', () => {
    expect(resolvedAs(item('Completed', null, { id: 'i', ref: native('n-old') }))).toMatchObject({
      turnId: OLD,
      attempt: 3,
    });
  });

  it('is none where nobody knows the id', () => {
    expect(resolvedAs(ended(null, 'completed', native('n-x')))).toMatchObject({ turnId: null, attempt: 0 });
  });

  it('is none where the provider names none', () => {
    expect(resolvedAs(ended(null))).toMatchObject({ turnId: null, attempt: 0 });
  });

  it('is the one that the adapter names by our id', () => {
    expect(resolvedAs(accepted('a', { attempt: 1, native: 'n-old' }))).toMatchObject({
      turnId: A,
      attempt: 1,
    });
  });
});

describe('a start', () => {
  it('of a turn that is known is not new', () => {
    expect(resolvedAs({ ...started(null, native('n-a')), isNew: true })).toMatchObject({
      turnId: A,
      attempt: 2,
      isNew: false,
    });
  });

  it('of a turn that nobody knows is a turn of the provider, with a new id', () => {
    expect(resolvedAs({ ...began('x', native('n-x')), turnId: null })).toMatchObject({
      turnId: turnOf('new'),
      attempt: 1,
      isNew: true,
      nativeTurnId: 'n-x',
    });
  });
});

describe('the owner of a request', () => {
  it('is the turn where that is the active one', () => {
    expect(
      resolvedAs({ ...asked('a', 'r', native('n-a')), turnId: null, owner: 'connection' }),
    ).toMatchObject({
      owner: 'turn',
      turnId: A,
      attempt: 2,
    });
  });

  it.each([
    ['of another turn', 'n-old'],
    ['of an unknown turn', 'n-x'],
    ['without a turn', null],
  ])('is the connection for a request %s', (_, nativeTurnId) => {
    expect(resolvedAs({ ...asked('a', 'r', native(nativeTurnId)), turnId: null })).toMatchObject({
      owner: 'connection',
    });
  });

  it('is looked up when the request is resolved', () => {
    expect(resolvedAs(resolved('of-connection', 'turn'))).toMatchObject({ owner: 'connection' });
  });

  it('is as the adapter says where the request is not known', () => {
    const input = resolved('x', 'turn');
    expect(resolvedAs(input)).toMatchObject({ owner: 'turn', requestId: requestIdSchema.parse('x') });
  });
});

it('leaves an input alone that names neither turn nor request', () => {
  for (const input of [lost(), inactive('ready')]) expect(resolvedAs(input)).toBe(input);
});

describe('a request for leave to change files', () => {
  const itemId = itemIdSchema.parse('change');
  const pathsAsked = (request: object): object => {
    const input = {
      ...asked('a', 'r', native('n-a')),
      request: { requestId: 'r', nativeRequestId: '0', ...request },
    } as unknown as ProviderInput;
    const changes = ['/w/a', '/w/b'].map((path) => ({ path, kind: 'added' }));
    const change = { body: { kind: 'file_change', changes } } as ItemRow;
    return resolve(input, { ...LOOKUPS, item: (id) => (id === 'change' ? change : undefined) });
  };

  it('names the files of its item where the provider names none', () => {
    expect(pathsAsked({ body: { kind: 'file-change', paths: [] }, itemId })).toMatchObject({
      request: { body: { paths: ['/w/a', '/w/b'] } },
    });
  });

  it('keeps what the provider names, and names none of an item that is not known', () => {
    expect(pathsAsked({ body: { kind: 'file-change', paths: ['/w'] }, itemId })).toMatchObject({
      request: { body: { paths: ['/w'] } },
    });
    expect(pathsAsked({ body: { kind: 'file-change', paths: [] } })).toMatchObject({
      request: { body: { paths: [] } },
    });
  });
});

describe('an item that is named', () => {
  const streamed = (text: string): TurnLookups => ({ ...LOOKUPS, item: () => ({ text }) as ItemRow });
  const told = (draft: object, lookups = LOOKUPS, more: object = {}): ItemDraft => {
    const input = { ...item('Completed', 'a', { id: 'i', ...draft }), ...more } as ProviderInput;
    const named = resolve(input, lookups);
    if (!('item' in named)) throw new Error('no item');
    return named.item;
  };

  it('keeps what was streamed where it is completed without a text, or with a short form', () => {
    expect(told({ text: '' }, streamed('abc')).text).toBe('abc');
    expect(told({ text: 'a' }, streamed('abc'), { isFallback: true }).text).toBe('abc');
    expect(told({ text: 'a' }, streamed(''), { isFallback: true }).text).toBe('a');
    expect(told({ text: 'abcd' }, streamed('abc')).text).toBe('abcd');
    const started = item('Started', 'a', { id: 'i' }) as ProviderInput;
    expect(resolve(started, streamed('abc'))).toMatchObject({ item: { text: '' } });
  });

  it('is a plan by its turn, else by the id that it was given', () => {
    const body = { kind: 'plan' } as const;
    expect(told({ body }).itemId).toBe(itemIdOf('a', 'plan'));
    expect(told({ body, parentItemId: 'agent' }).itemId).toBe('i');
    expect(resolvedAs(item('Completed', null, { id: 'i', body }))).toMatchObject({ item: { itemId: 'i' } });
    expect(told({}).itemId).toBe('i');
  });
});

describe('what another thread told', () => {
  it('is the first of a plan that nothing has implemented', () => {
    const as = (body: object | undefined): ThreadInput =>
      resolveTold(implemented('p', 'b', true), () => (body === undefined ? body : ({ body } as ItemRow)));
    const by = { threadId: 't2', turnId: 'x' };
    expect(as({ kind: 'plan' })).toMatchObject({ isFirst: true });
    expect(as({ kind: 'plan', implementedBy: by })).toMatchObject({ isFirst: false });
    expect(as({ kind: 'reasoning' })).toMatchObject({ isFirst: false });
    expect(as(undefined)).toMatchObject({ isFirst: false });
    expect(resolveTold(lost(), () => undefined)).toEqual(lost());
  });
});
