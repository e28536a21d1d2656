import { describe, expect } from 'vitest';
import { fires } from '../helpers/given.ts';
import {
  asked,
  ended,
  finished,
  interrupt,
  lost,
  resolved,
  respond,
  running,
  STOP,
  submit,
  undeliverable,
} from '../helpers/inputs.ts';
import {
  chartWith,
  decidesBy,
  foldsWithout,
  guardIs,
  withoutAction,
  withoutAlways,
  withoutTransition,
} from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';

const ASKED = [...running('a'), asked('a', 'r')];
const ACCEPTS = decidesBy(() => () => null);

describe('a request of a turn', () => {
  rule('it is a durable row, open', {
    given: running('a'),
    when: [asked('a', 'r')],
    holds: (is) => {
      expect(is.request('r')).toBe('open');
      expect(is.stage.tables.state?.row.openRequestCount).toBe(1);
      expect(is.stage.charts.turn?.value).toEqual({ live: 'awaiting' });
    },
    without: { 'the row': foldsWithout(({ fact }) => fact.type === 'request.opened') },
  });

  rule('an answer is on its way until it is acknowledged', {
    given: ASKED,
    when: [respond('r')],
    holds: (is) => {
      expect(is.request('r')).toBe('answering');
      expect(is.did()).toEqual([
        'request.answer connectionId=t1#1 requestId=r nativeRequestId=native-r answer=(decision=accept)',
      ]);
      expect(is.armed).toEqual(['request.deliveryTimedOut:r']);
    },
    without: { 'the delivery': withoutAction('turn', 'answerRequest') },
  });

  rule('a delivered answer closes it with its outcome, and the turn goes on', {
    given: [...ASKED, respond('r', 'decline')],
    when: [resolved('r')],
    holds: (is) => {
      expect(is.said('request.delivered', 'request.closed')).toEqual([
        'request.delivered requestId=r',
        'request.closed requestId=r outcome=declined',
      ]);
      expect([is.stage.charts.turn?.value, is.armed]).toEqual([{ live: 'streaming' }, ['turn.stalled']]);
    },
    without: {
      'the acknowledgement': withoutTransition('turn', 'live > provider.requestResolved'),
      'the way back': withoutAlways('turn', 'live.awaiting', 2),
    },
  });

  rule('an answer is given at most once', {
    given: [...ASKED, respond('r')],
    when: [respond('r', 'decline')],
    holds: (is) => expect([is.answer, is.did()]).toEqual(['REQUEST_BEING_ANSWERED', []]),
    without: { 'the decision': ACCEPTS },
  });

  rule('the chart answers at most once, too', {
    given: [...ASKED, respond('r')],
    when: [respond('r', 'decline')],
    holds: (is) => expect(is.answer).not.toBe('taken'),
    without: { 'both looks': (world) => guardIs('turn', 'isAnswerable', true)(ACCEPTS(world)) },
  });

  rule('a failed delivery is visible and can be repeated', {
    given: [...ASKED, respond('r'), undeliverable('r')],
    when: [respond('r', 'decline')],
    holds: (is) => {
      expect([is.answer, is.request('r'), is.did('request.answer').length]).toEqual([
        'taken',
        'answering',
        1,
      ]);
    },
    without: { 'the status': withoutAction('turn', 'failRequest') },
  });

  rule('a delivery without an answer has failed after a bound', {
    given: [...ASKED, respond('r')],
    when: [fires('request.deliveryTimedOut:r')],
    holds: (is) => {
      expect(is.said()).toEqual(['request.undeliverable requestId=r failure=ANSWER_UNDELIVERED']);
      expect(is.armed).toEqual([]);
    },
    without: { 'the bound': withoutTransition('turn', 'live > request.deliveryTimedOut') },
  });

  rule('a request that the provider takes back is cancelled', {
    given: ASKED,
    when: [resolved('r')],
    holds: (is) => expect(is.request('r')).toBe('closed cancelled'),
    without: { 'the closing': withoutAction('turn', 'resolveRequest') },
  });

  rule('the end of the turn expires it', {
    given: ASKED,
    when: [ended('a', 'interrupted')],
    holds: (is) => {
      expect(is.request('r')).toBe('closed expired');
      expect(is.stage.tables.state?.row.openRequestCount).toBe(0);
    },
    without: { 'the expiry': withoutAction('turn', 'settle') },
  });

  rule('a closed one is not answered any more, and says how it was closed', {
    given: [...ASKED, ended('a', 'interrupted')],
    when: [respond('r')],
    holds: (is) => {
      expect(is.answer).toBe('REQUEST_CLOSED');
      expect(is.taken[0]?.refusal?.details).toEqual({ outcome: 'expired' });
    },
    without: { 'the decision': ACCEPTS },
  });

  rule('an unknown one is not answered', {
    given: running('a'),
    when: [respond('x')],
    holds: (is) => expect(is.answer).toBe('REQUEST_NOT_FOUND'),
    without: { 'the decision': ACCEPTS },
  });

  rule('only what it offers can be answered', {
    given: ASKED,
    when: [respond('r', 'acceptForSession')],
    holds: (is) => expect(is.answer).toBe('DECISION_NOT_OFFERED'),
    without: { 'the decision': ACCEPTS },
  });

  rule('a person is not hurried: no watchdog runs while a request is open', {
    given: running('a'),
    when: [asked('a', 'r')],
    holds: (is) => expect(is.armed).toEqual([]),
    without: {
      'the rest': chartWith('turn', 'live.streaming', (state) => {
        delete state.exit;
      }),
    },
  });

  rule('two requests stand beside each other', {
    given: [...ASKED, asked('a', 'q'), respond('r')],
    when: [resolved('r')],
    holds: (is) => {
      expect([is.request('r'), is.request('q')]).toEqual(['closed accepted', 'open']);
      expect(is.stage.charts.turn?.value).toEqual({ live: 'awaiting' });
    },
    without: { 'the waiting for the last': guardIs('turn', 'hasNoRequests', true) },
  });
});

describe('a request that nobody will be asked about', () => {
  rule('it is refused while the turn is interrupted, or the provider would wait for ever', {
    given: [...running('a'), interrupt()],
    when: [asked('a', 'r')],
    holds: (is) =>
      expect([is.said(), is.did('request.refuse').length]).toEqual([['request.refused requestId=r'], 1]),
    without: { 'the refusal': withoutAction('turn', 'refuseRequest') },
  });

  rule('it is refused while the turn settles', {
    given: [...running('a'), ended('a')],
    when: [asked('a', 'r')],
    holds: (is) => expect(is.did('request.refuse').length).toBe(1),
    without: { 'the refusal': withoutTransition('turn', ' > provider.requestOpened') },
  });

  rule('it is refused while the connection closes', {
    given: [...running('a'), ...finished('a'), STOP],
    when: [asked('s', 'r', { owner: 'connection' })],
    holds: (is) => expect(is.did('request.refuse').length).toBe(1),
    without: { 'the refusal': withoutTransition('connection', 'closing > provider.requestOpened') },
  });

  rule('it is refused while the connection opens', {
    given: [submit('a')],
    when: [asked('s', 'r', { owner: 'connection' })],
    holds: (is) => expect(is.did('request.refuse').length).toBe(1),
    without: { 'the refusal': withoutTransition('connection', 'opening > provider.requestOpened') },
  });
});

describe('a request of a connection', () => {
  const BESIDE = [...running('a'), ...finished('a'), asked('s', 'r', { owner: 'connection' })];

  rule('it is answered without a turn', {
    given: BESIDE,
    when: [respond('r', 'accept', 'connection'), resolved('r', 'connection')],
    holds: (is) => expect(is.request('r')).toBe('closed accepted'),
    without: {
      'the answer': withoutTransition('connection', 'open > request.respond'),
      'the acknowledgement': withoutTransition('connection', ' > provider.requestResolved'),
    },
  });

  rule('a failed delivery is visible and can be repeated there, too', {
    given: [...BESIDE, respond('r', 'accept', 'connection')],
    when: [fires('request.deliveryTimedOut:r'), respond('r', 'accept', 'connection')],
    holds: (is) => expect([is.answer, is.request('r')]).toEqual(['taken', 'answering']),
    without: { 'the bound': withoutTransition('connection', ' > request.deliveryTimedOut') },
  });

  rule('the provider may say that the delivery has failed', {
    given: [...BESIDE, respond('r', 'accept', 'connection')],
    when: [undeliverable('r', 'connection')],
    holds: (is) => expect([is.request('r'), is.armed]).toEqual(['undeliverable', []]),
    without: {
      'its word': withoutTransition('connection', ' > provider.requestUndeliverable'),
      'its way': withoutTransition('thread', 'bound > provider.requestUndeliverable'),
    },
  });

  rule('an answer that is under way is followed though the connection closes', {
    given: [...BESIDE, respond('r', 'accept', 'connection'), STOP],
    when: [resolved('r', 'connection')],
    holds: (is) => expect(is.request('r')).toBe('closed accepted'),
    without: { 'the acknowledgement': withoutTransition('connection', ' > provider.requestResolved') },
  });

  rule('the end of the connection expires it', {
    given: BESIDE,
    when: [lost()],
    holds: (is) => expect(is.request('r')).toBe('closed expired'),
    without: { 'the letting go': withoutAction('connection', 'letGo') },
  });
});
