/** The roster: background work of a completed turn that goes on, and what it asks. */
import { describe, expect } from 'vitest';
import type { ThreadInput } from '../../machines/domain/input.ts';
import type { ItemDraft } from '../../machines/domain/item.ts';
import { expireRequests } from '../../machines/request-moves.ts';
import type { Cue, Outcome } from '../helpers/given.ts';
import { fires } from '../helpers/given.ts';
import {
  asked,
  began,
  closed,
  ended,
  finished,
  item,
  lost,
  RECOVERED,
  resolved,
  respond,
  running,
  settled,
  STOP,
  submit,
  undeliverable,
} from '../helpers/inputs.ts';
import {
  actionIs,
  foldsBy,
  foldsWithout,
  guardIs,
  withoutAction,
  withoutTransition,
  type Mutation,
} from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { turnMove } from '../helpers/without.ts';

const KINDS: readonly ItemDraft['body'][] = [
  { kind: 'command', command: 'sleep 60' },
  { kind: 'task', title: 'look around' },
  { kind: 'subagent', title: 'helper' },
];
const COMMAND = { kind: 'command', command: 'sleep 60' } as const;
const AGENT = { kind: 'subagent', title: 'helper' } as const;
const starts = (id: string, more: Partial<ItemDraft> = {}): ThreadInput =>
  item('Started', 'a', { id, body: COMMAND, ...more });
const over = (id: string, more: Partial<ItemDraft> = {}): ThreadInput =>
  item('Completed', 'a', { id, body: COMMAND, ...more });

/** Status of the item, `background` where it is on the roster, and how many are. */
function shown({ stage }: Outcome, id: string): string {
  const row = [...stage.tables.items.values()].find(({ itemId }) => itemId === id);
  const parts = [row?.status, row?.background && 'background', stage.tables.state?.row.backgroundCount];
  return parts.filter((part) => part !== undefined).join(' ');
}
const noClose: Mutation = foldsWithout(({ fact }) => fact.type.startsWith('connection.'));
/** As though every end of a turn were the end of all that it began. */
const closesAll: Mutation = foldsBy(
  (real) => (tables, event) =>
    real(
      tables,
      event.fact.type === 'turn.ended' && event.fact.outcome === 'completed'
        ? { ...event, fact: { ...event.fact, outcome: 'unknown' } }
        : event,
    ),
);
const neverEnds: Mutation = foldsBy(
  (real) => (tables, event) =>
    real(
      tables,
      event.fact.type === 'turn.ended' ? { ...event, fact: { ...event.fact, outcome: 'completed' } } : event,
    ),
);

describe('background work', () => {
  for (const body of KINDS) {
    rule(`a ${body.kind} goes on when its turn has completed, and the thread is at rest`, {
      given: [...running('a'), starts('i', { body })],
      when: finished('a'),
      holds: (is) => expect([shown(is, 'i'), is.status]).toEqual(['open background 1', 'ready']),
      without: { 'the roster': closesAll },
    });
  }

  rule('it gets its end late, in its own turn', {
    given: [...running('a'), starts('i'), starts('j'), ...finished('a'), submit('b')],
    when: [over('i', { text: 'out' })],
    holds: (is) => {
      expect(shown(is, 'i')).toBe('completed 1');
      expect([...is.stage.tables.items.values()][1]).toMatchObject({ turnId: 'a', text: 'out' });
    },
    without: { 'the record': withoutAction('thread', 'recordEnd') },
  });

  rule('it is on the roster too where it begins late', {
    given: [...running('a'), ...finished('a')],
    when: [starts('i')],
    holds: (is) => expect(shown(is, 'i')).toBe('open background 1'),
    without: { 'the look at the turn': foldsWithout(({ fact }) => fact.type === 'turn.ended') },
  });

  rule('it stays on the roster while it is told how it goes on', {
    given: [...running('a'), starts('i'), ...finished('a')],
    when: [item('Updated', 'a', { id: 'i', body: COMMAND, text: 'more' })],
    holds: (is) => expect(shown(is, 'i')).toBe('open background 1'),
    without: { 'the end of the turn': foldsWithout(({ fact }) => fact.type === 'turn.ended') },
  });

  for (const outcome of ['interrupted', 'failed'] as const) {
    rule(`it ends with its turn where that was ${outcome}`, {
      given: [...running('a'), starts('i')],
      when: finished('a', outcome),
      holds: (is) => expect(shown(is, 'i')).toBe(`${outcome} 0`),
      without: { 'the look at the outcome': neverEnds },
    });
  }

  rule('the next turn, however it ends, leaves it alone', {
    given: [...running('a'), starts('i'), ...finished('a'), submit('b')],
    when: finished('b', 'interrupted'),
    holds: (is) => expect(shown(is, 'i')).toBe('open background 1'),
    without: { 'the roster': closesAll },
  });

  for (const [how, cues] of [
    ['is lost', [lost()]],
    ['is closed', [STOP, closed()]],
    ['ended with the last run of the server', [RECOVERED]],
  ] as [string, Cue[]][]) {
    rule(`it is unknown when its connection ${how}`, {
      given: [...running('a'), starts('i'), ...finished('a')],
      when: cues,
      holds: (is) => expect(shown(is, 'i')).toBe('unknown 0'),
      without: { 'the closing': noClose },
    });
  }

  rule('what belongs to no turn ends with the connection, too', {
    given: [...running('a'), item('Started', null, { id: 'i' }), ...finished('a')],
    when: [lost()],
    holds: (is) => expect(is.item('i')).toBe('unknown'),
    without: { 'the closing': noClose },
  });

  rule('what runs in a turn is closed by the end of the turn, also where the connection ends first', {
    given: [...running('a'), starts('i'), ...finished('a'), submit('b'), item('Started', 'b', { id: 'm' })],
    when: [STOP, closed()],
    holds: (is) => expect([is.item('m'), is.item('i')]).toEqual(['interrupted', 'unknown']),
    without: { 'the end of the turn': foldsWithout(({ fact }) => fact.type === 'turn.ended') },
  });

  rule('the transcript of a sub-agent goes on with it, and ends with it', {
    given: [
      ...running('a'),
      starts('agent', { body: AGENT }),
      starts('m', { body: { kind: 'assistant_message' }, parentItemId: 'agent' as never }),
      starts('own', { body: { kind: 'assistant_message' } }),
      ...finished('a'),
    ],
    when: [
      starts('n', { body: { kind: 'assistant_message' }, parentItemId: 'agent' as never }),
      over('n', { body: { kind: 'assistant_message' }, parentItemId: 'agent' as never }),
      over('agent', { body: AGENT, status: 'failed' }),
    ],
    holds: (is) => {
      expect(['m', 'n', 'own', 'agent'].map((id) => is.item(id))).toEqual([
        'failed',
        'completed',
        'completed',
        'failed',
      ]);
      expect(shown(is, 'agent')).toBe('failed 0');
    },
    without: { 'the sub-agent': closesAll },
  });
});

const ASKED = [
  ...running('a'),
  starts('t', { body: AGENT }),
  asked('a', 'r', { task: 't' }),
  asked('a', 'q'),
];
const closedBy = (code: string) => `closed ${code}`;

describe('what background work asks', () => {
  rule('it stays open when the turn completes, and becomes its own', {
    given: ASKED,
    when: finished('a'),
    holds: (is) => {
      expect([is.request('r'), is.request('q')]).toEqual(['open', closedBy('expired')]);
      expect(is.said('request.handedOver')).toEqual(['request.handedOver requestId=r owner=task']);
      expect(is.status).toBe('ready');
    },
    without: {
      'the handing over': actionIs(
        'turn',
        'settle',
        turnMove((context) => expireRequests(context, 'turn')),
      ),
      'the fold': foldsWithout(({ fact }) => fact.type === 'request.closed'),
    },
  });

  rule('it is answered after the turn', {
    given: [...ASKED, ...finished('a')],
    when: [respond('r', 'accept', 'task'), resolved('r', 'task')],
    holds: (is) => expect(is.request('r')).toBe(closedBy('accepted')),
    without: {
      'the word to the connection': withoutAction('thread', 'leaveRequests'),
      'its reception': withoutAction('connection', 'adoptRequests'),
      'the way': withoutTransition('connection', ' > $adopt'),
      'the way to the thread': withoutTransition('thread', 'bound.working > $left'),
    },
  });

  rule('an answer that was under way stays bounded', {
    given: [...ASKED, respond('r'), ...finished('a')],
    when: [fires('request.deliveryTimedOut:r')],
    holds: (is) => expect([is.request('r'), is.answer]).toEqual(['undeliverable', 'taken']),
    without: { 'the reception': withoutAction('connection', 'adoptRequests') },
  });

  rule('it expires with the work', {
    given: [...ASKED, ...finished('a'), respond('r', 'accept', 'task')],
    when: [over('t', { body: AGENT })],
    holds: (is) => expect([is.request('r'), is.armed]).toEqual([closedBy('expired'), []]),
    without: {
      'the end': withoutAction('connection', 'expireTask'),
      'the way': withoutTransition('connection', ' > $taskEnded'),
    },
  });

  rule('the end of other work leaves it open', {
    given: [...ASKED, starts('u', { body: AGENT }), ...finished('a')],
    when: [over('u', { body: AGENT })],
    holds: (is) => expect(is.request('r')).toBe('open'),
    without: {
      'the look at the work': actionIs('connection', 'expireTask', 'letGo'),
    },
  });

  for (const outcome of ['interrupted', 'failed'] as const) {
    rule(`it expires with its turn where that was ${outcome}`, {
      given: ASKED,
      when: finished('a', outcome),
      holds: (is) => expect(is.request('r')).toBe(closedBy('expired')),
      without: { 'the end': foldsWithout(({ fact }) => fact.type === 'request.closed') },
    });
  }

  rule('it may ask after its turn, and its connection keeps that', {
    given: [...running('a'), starts('t', { body: AGENT }), ...finished('a')],
    when: [
      asked('a', 'r', { owner: 'task', task: 't' }),
      respond('r', 'accept', 'task'),
      undeliverable('r', 'task'),
    ],
    holds: (is) => expect(is.request('r')).toBe('undeliverable'),
    without: { 'the connection': guardIs('thread', 'isOfConnection', false) },
  });

  rule('it expires with the connection', {
    given: [...ASKED, ...finished('a')],
    when: [lost()],
    holds: (is) => expect(is.request('r')).toBe(closedBy('expired')),
    without: { 'the letting go': withoutAction('connection', 'letGo') },
  });

  rule('it is answered beside a later turn', {
    given: [...ASKED, ...finished('a'), submit('b'), began('s'), ended('s')],
    when: [respond('r', 'decline', 'task'), resolved('r', 'task'), ...finished('b'), settled('b')],
    holds: (is) => expect(is.request('r')).toBe(closedBy('declined')),
    without: { 'the reception': withoutAction('connection', 'adoptRequests') },
  });
});
