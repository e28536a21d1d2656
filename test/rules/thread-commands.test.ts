/** The command table of the public contract: what each command means, and by which code it is refused. */
import { describe, expect } from 'vitest';
import type { ThreadInput } from '../../machines/domain/input.ts';
import {
  ARCHIVE,
  cancel,
  closed,
  DELETE,
  edit,
  ended,
  finished,
  idled,
  interrupt,
  lost,
  opened,
  promote,
  RESUME,
  respond,
  retry,
  running,
  STOP,
  submit,
  UNARCHIVE,
  settled,
  reorder,
} from '../helpers/inputs.ts';
import {
  actionIs,
  chartWith,
  decidesBy,
  guardIs,
  withoutAction,
  withoutTransition,
} from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { threadMove } from '../helpers/without.ts';

const READY = [...running('a'), ...finished('a')];
/** The charts alone decide. */
const NO_RULES = decidesBy((real) => (view, input, lookups) => {
  const refusal = real(view, input, lookups);
  return refusal?.code === 'THREAD_BUSY' || refusal?.code === 'INTERNAL' ? refusal : null;
});

describe('thread.archive and thread.unarchive', () => {
  rule('archive is refused with THREAD_BUSY while a turn runs', {
    given: running('a'),
    when: [ARCHIVE],
    holds: (is) => expect(is.answer).toBe('THREAD_BUSY'),
    without: {
      'the refusal': chartWith('thread', 'bound', ({ on }) => {
        if (on) on['thread.archive'] = { actions: 'archive' };
      }),
    },
  });

  rule('archive closes the connection and keeps the word', {
    given: READY,
    when: [ARCHIVE, closed()],
    holds: (is) => {
      expect([is.status, is.stage.tables.state?.row.archived]).toEqual(['ready', true]);
      expect(is.said('connection.closing')).toEqual(['connection.closing connectionId=t1#1 why=archive']);
    },
    without: {
      'the close': withoutAction('thread', 'closeToArchive'),
      'the word': guardIs('thread', 'isQuiet', false),
    },
  });

  rule('a second archive is without effect', {
    given: [ARCHIVE],
    when: [ARCHIVE],
    holds: (is) => expect(is.said()).toEqual(['command.noEffect command=thread.archive']),
    without: { 'the look at the archive': guardIs('thread', 'isNotArchived', true) },
  });

  rule('a second archive is without effect also while the connection closes', {
    given: [...READY, ARCHIVE],
    when: [ARCHIVE],
    holds: (is) => expect(is.said()).toEqual(['command.noEffect command=thread.archive']),
    without: { 'the fact': withoutTransition('thread', 'bound.idle > thread.archive > 1') },
  });

  rule('unarchive of a thread that is not archived is without effect', {
    when: [UNARCHIVE],
    holds: (is) => expect(is.said()).toEqual(['command.noEffect command=thread.unarchive']),
    without: { 'the look at the archive': guardIs('thread', 'isArchived', true) },
  });

  rule('an unarchived thread takes prompts again', {
    given: [ARCHIVE, UNARCHIVE],
    when: [submit('a')],
    holds: (is) => expect(is.active).toBe('a'),
    without: { 'the unarchiving': withoutAction('thread', 'unarchive') },
  });
});

describe('thread.stop', () => {
  rule('a stop of a stopped thread is without effect', {
    given: [STOP],
    when: [STOP],
    holds: (is) => expect(is.said()).toEqual(['command.noEffect command=thread.stop']),
    without: { 'the state': withoutTransition('thread', 'unbound.stopped > thread.stop') },
  });

  rule('a stop while one is under way is without effect', {
    given: [...READY, STOP],
    when: [STOP],
    holds: (is) => expect(is.said()).toEqual(['command.noEffect command=thread.stop']),
    without: {
      'the look at the close': actionIs(
        'thread',
        'closeToStop',
        threadMove(() => ({})),
      ),
    },
  });

  rule('a stop that overtakes a close for idleness says so', {
    given: [...READY, idled()],
    when: [STOP],
    holds: (is) => expect(is.said()).toEqual(['connection.closing connectionId=t1#1 why=stop']),
    without: { 'the saying': withoutAction('connection', 'demandClose') },
  });

  rule('a stopped thread takes the next prompt', {
    given: [...READY, STOP, closed()],
    when: [submit('b')],
    holds: (is) => expect([is.active, is.status]).toEqual(['b', 'starting']),
    without: {
      'the way on': chartWith('thread', 'unbound.stopped', ({ on }) => {
        if (on) on['turn.submit'] = undefined;
      }),
    },
  });
});

describe('thread.delete', () => {
  const COMMANDS: readonly ThreadInput[] = [
    submit('b'),
    submit('b', 'queue'),
    interrupt(),
    retry('b'),
    STOP,
    ARCHIVE,
    UNARCHIVE,
    DELETE,
    RESUME,
    { type: 'thread.setTitle', title: 'x' },
    edit('x', 'x'),
    respond('r'),
  ];
  for (const [state, before] of [
    ['a deleted thread', [DELETE]],
    ['a thread that is being deleted', [...READY, DELETE]],
  ] as const) {
    rule(`${state} refuses every command with THREAD_DELETED`, {
      given: before,
      when: COMMANDS,
      holds: (is) => {
        expect(is.taken.map(({ refusal }) => refusal?.code)).toEqual(COMMANDS.map(() => 'THREAD_DELETED'));
      },
      without: { 'the rule': NO_RULES },
    });
  }

  rule('a deleted thread is a tombstone: nothing brings it back', {
    given: [...running('a'), DELETE, lost()],
    when: [ended('a'), settled('a'), opened(1)],
    holds: (is) =>
      expect([is.answer, is.said(), is.stage.tables.state?.removal]).toEqual(['ignored', [], 'deleted']),
    without: { 'the fact': withoutAction('thread', 'sayDeleted') },
  });
});

describe('queue commands', () => {
  for (const [name, command] of [
    ['queue.edit', edit('x', 'x')],
    ['queue.reorder', reorder('x', null)],
    ['queue.cancel', cancel('x')],
  ] as const) {
    rule(`${name} of an entry that is not there is refused with QUEUE_ENTRY_NOT_FOUND`, {
      given: running('a'),
      when: [command],
      holds: (is) => expect(is.answer).toBe('QUEUE_ENTRY_NOT_FOUND'),
      without: {
        'the look for it': (world) =>
          guardIs('thread', 'hasEntry', true)(guardIs('thread', 'hasBoth', true)(world)),
      },
    });
  }

  rule('queue.promote of an entry that is not there is refused with QUEUE_ENTRY_NOT_FOUND', {
    given: running('a'),
    when: [promote('x')],
    holds: (is) => expect(is.answer).toBe('QUEUE_ENTRY_NOT_FOUND'),
    without: { 'the look for it': guardIs('thread', 'hasEntry', true) },
  });

  rule('queue.promote without an active turn is refused with TURN_NOT_ACTIVE', {
    given: [...running('a'), submit('b', 'queue'), ...finished('a', 'failed')],
    when: [promote('b')],
    holds: (is) => expect(is.answer).toBe('TURN_NOT_ACTIVE'),
    without: { 'the code': NO_RULES },
  });

  rule('queue.promote is refused with TURN_ENDING while the turn is ended', {
    given: [...running('a'), submit('b', 'queue'), interrupt()],
    when: [promote('b')],
    holds: (is) => expect([is.answer, is.queue]).toEqual(['TURN_ENDING', 'held interrupted: b']),
    without: {
      'the refusal': chartWith('turn', 'live.interrupting', ({ on }) => {
        if (on) delete on['$steer'];
      }),
    },
  });

  rule('queue.promote is refused with CAPABILITY_UNSUPPORTED where the provider cannot be interrupted', {
    capabilities: { interrupt: false },
    given: [submit('a'), submit('b', 'queue')],
    when: [promote('b')],
    holds: (is) => expect(is.answer).toBe('CAPABILITY_UNSUPPORTED'),
    without: { 'the look at the capability': NO_RULES },
  });

  rule('queue.resume of a queue that is not held is without effect', {
    when: [RESUME],
    holds: (is) => expect(is.said()).toEqual(['command.noEffect command=queue.resume']),
    without: { 'the fact': withoutAction('thread', 'sayNoEffect') },
  });
});

describe('settings', () => {
  for (const [command, fact] of [
    [{ type: 'thread.setTitle', title: 'x' }, 'thread.titleSet title=x'],
    [{ type: 'thread.setModel', model: 'm', options: {} }, 'thread.modelSet model=m'],
    [
      { type: 'thread.setRuntimeMode', runtimeMode: 'auto', policy: {} },
      'thread.runtimeModeSet runtimeMode=auto',
    ],
    [
      { type: 'thread.setInteractionMode', interactionMode: 'plan' },
      'thread.interactionModeSet interactionMode=plan',
    ],
    [
      { type: 'thread.setDeliveryMode', deliveryMode: 'buffered' },
      'thread.deliveryModeSet deliveryMode=buffered',
    ],
  ] as const) {
    rule(`${command.type} is accepted in any state`, {
      given: running('a'),
      when: [command],
      holds: (is) => {
        expect(is.said()).toEqual([fact]);
        expect(is.stage.tables.state?.settings).toEqual(is.stage.context.settings);
      },
      without: { 'the move': withoutTransition('thread', ` > ${command.type}`) },
    });
  }

  rule('a jump of the wall clock is recorded', {
    given: running('a'),
    when: [{ type: 'runtime.clockJumped', byMs: 5000 }],
    holds: (is) => expect(is.said()).toEqual(['clock.jumped byMs=5000']),
    without: { 'the record': withoutAction('thread', 'sayClockJumped') },
  });
});
