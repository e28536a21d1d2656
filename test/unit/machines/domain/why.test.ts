import { describe, expect, it } from 'vitest';
import { failure } from '../../../../machines/domain/error.ts';
import { itemIdSchema } from '../../../../machines/domain/ids.ts';
import type { ItemRow } from '../../../../machines/domain/item.ts';
import type { RequestBody } from '../../../../machines/domain/request.ts';
import type { MachineState } from '../../../../machines/domain/snapshot.ts';
import { askedBy, whyOf, type WhySource } from '../../../../machines/domain/why.ts';
import { requestRowOf, threadRowOf, turnRowOf } from '../../../helpers/why-rows.ts';

const BEGUN_AT = 1_000_000;
const turn = turnRowOf('T1', { begunAt: BEGUN_AT });

const machine = (more: Partial<MachineState>): MachineState => ({
  status: 'running',
  activeTurnId: turn.turnId,
  value: { bound: { working: 'running' } },
  tags: ['busy', 'running'],
  can: ['turn.interrupt', 'thread.stop'],
  children: { connection: 'open', turn: { live: 'streaming' } },
  timers: [],
  closing: null,
  ...more,
});
const source = (more: Partial<WhySource> = {}): WhySource => ({
  thread: threadRowOf({ status: 'running', activeTurnId: turn.turnId }),
  machine: machine({}),
  turn,
  items: [],
  requests: [],
  queue: { status: 'flowing', reason: null, entries: [] },
  ...more,
});
const notice = (topic: string, updatedAt: number): ItemRow => ({
  itemId: itemIdSchema.parse(topic),
  body: { kind: 'notice', tone: 'error', topic },
  text: 'reconnecting 2/5\nstream error',
  status: 'completed',
  ordinal: 1,
  turnId: null,
  attempt: 1,
  createdAt: updatedAt,
  updatedAt,
});

describe('why', () => {
  it('tells the retries of a provider until something else comes', () => {
    const retry = notice('provider.retrying', BEGUN_AT + 5);
    expect(whyOf(source({ items: [retry] }), null)[0].what).toBe('codex tries again: reconnecting 2/5');
    const later = notice('else', BEGUN_AT + 6);
    expect(whyOf(source({ items: [retry, later] }), null)[0].what).toBe('codex works on the turn');
    const ofBefore = notice('provider.retrying', BEGUN_AT - 1);
    expect(whyOf(source({ items: [ofBefore] }), null)[0].what).toBe('codex works on the turn');
  });

  it('has general words for a state that it does not know, and still its deadline', () => {
    const timers = [
      { name: 'interrupt.timedOut', owner: 'turn', armedAt: 1, dueAt: 2, idle: false } as const,
    ];
    const unknown = machine({
      children: { connection: 'open', turn: { live: { deeper: 'dancing' } } },
      timers,
    });
    const [first] = whyOf(source({ machine: unknown }), null);
    expect(first).toMatchObject({
      what: 'codex works on the turn',
      endedBy: { timer: 'interrupt.timedOut' },
    });
    const [broken] = whyOf(source({ machine: machine({ children: { turn: 7 } }) }), null);
    expect(broken.what).toBe('codex works on the turn');
  });

  it('says of a quarantined thread what is wrong with it', () => {
    const lastError = failure('INTERNAL', 'entry 7 gave other facts');
    const quarantined = machine({
      value: 'quarantined',
      tags: ['quarantined'],
      children: {},
      can: ['thread.delete'],
    });
    const [only, ...rest] = whyOf(
      source({ machine: quarantined, thread: threadRowOf({ status: 'error', lastError }) }),
      null,
    );
    expect(only).toMatchObject({ from: 'person', canDo: ['thread.delete'] });
    expect(only.what).toContain('entry 7 gave other facts');
    expect(rest).toEqual([]);
  });

  it('advises on a failure by its code, and else by whether it can be tried again', () => {
    const adviceOn = (code: 'PROVIDER_UNAUTHORIZED' | 'PROVIDER_OVERLOADED' | 'PROVIDER_ERROR') => {
      const thread = threadRowOf({ status: 'error', lastError: failure(code, '') });
      const atRest = machine({ status: 'error', tags: ['error', 'settled'], children: {} });
      return whyOf(source({ thread, machine: atRest }), null)[0].advice;
    };
    expect(adviceOn('PROVIDER_UNAUTHORIZED')).toContain('log in');
    expect(adviceOn('PROVIDER_OVERLOADED')).toContain('sent again');
    expect(adviceOn('PROVIDER_ERROR')).toBeNull();
  });

  it('does not ask for an answer that no turn takes any more', () => {
    const requests = [requestRowOf('R1', 'open'), requestRowOf('R2', 'open', { owner: 'connection' })];
    const interrupting = machine({ children: { connection: 'open', turn: { live: 'interrupting' } } });
    const told = whyOf(source({ machine: interrupting, requests }), null).map(({ requestId }) => requestId);
    expect(told).toEqual([null, 'R2']);
  });

  it.each<[RequestBody, string]>([
    [{ kind: 'file-read', paths: ['a', 'b'] }, 'may it read a, b'],
    [{ kind: 'file-change', paths: ['a'] }, 'may it change a'],
    [{ kind: 'tool', tool: 'search', server: 'docs' }, 'may it use docs/search'],
    [{ kind: 'command', command: 'make\nrun' }, 'may it run make'],
  ])('puts a request in a line: %j', (body, text) => {
    expect(askedBy({ body, reason: undefined })).toBe(text);
    expect(askedBy({ body, reason: 'to build\nit' })).toBe(`${text} (to build)`);
  });
});
