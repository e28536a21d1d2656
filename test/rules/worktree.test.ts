/** A thread with a working tree of its own: when it is made, what waits for it, and what becomes of a failure. */
import { describe, expect } from 'vitest';
import { connectionIdOf } from '../../machines/domain/ids.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';
import { fires } from '../helpers/given.ts';
import {
  ARCHIVE,
  compact,
  DELETE,
  item,
  made,
  RECOVERED,
  RESUME,
  STOP,
  submit,
  THREAD,
  unmade,
} from '../helpers/inputs.ts';
import {
  actionIs,
  both,
  foldsWithout,
  guardIs,
  withoutAction,
  withoutAlways,
  withoutTransition,
} from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { threadMove } from '../helpers/without.ts';

const inWorktree = true;
const TIMED_OUT = fires('worktree.timedOut');
const setup = (kind: 'Started' | 'Completed'): ThreadInput =>
  item(kind, null, {
    id: 'setup',
    body: { kind: 'command', command: 'make' },
    ref: { on: 0 },
    status: kind === 'Started' ? 'open' : 'completed',
  });

describe('a working tree', () => {
  rule('it is made at the creation of the thread, which is ready and takes prompts', {
    inWorktree,
    when: [submit('a')],
    holds: (is) =>
      expect([is.stage.charts.root.value, is.status, is.queue, is.armed, is.active]).toEqual([
        'preparing',
        'ready',
        'flowing: a next',
        ['worktree.timedOut'],
        null,
      ]),
    without: {
      'the making': withoutAlways('thread', 'unbound', 3),
      'the wait of the prompt': withoutTransition('thread', 'preparing > turn.submit'),
    },
  });

  rule('what waited for it runs in it when it is there', {
    inWorktree,
    given: [submit('a'), submit('b', 'queue')],
    when: [made()],
    holds: (is) => {
      expect([is.active, is.queue, is.armed]).toEqual(['a', 'flowing: b', ['connection.openTimedOut']]);
      const open = is.effects.find((effect) => effect.type === 'tell');
      expect(JSON.stringify(open)).toContain('"cwd":"/t/w"');
      expect(is.stage.tables.state?.row.cwd).toBe('/t/w');
    },
    without: {
      'the new folder': actionIs(
        'thread',
        'noteMade',
        threadMove(({ worktree }) => ({
          set: { ...(worktree && { worktree: { ...worktree, status: 'ready' } }) },
        })),
      ),
      'the end of the timer': withoutAction('thread', 'noteMade'),
      'the row': foldsWithout(({ fact }) => fact.type === 'worktree.ready'),
    },
  });

  rule('a failure is seen, holds what waits, and the next prompt tries again', {
    inWorktree,
    given: [submit('a')],
    when: [unmade(), submit('b')],
    holds: (is) => {
      expect(is.said('thread.statusChanged')).toEqual([
        'thread.statusChanged status=error lastError=WORKTREE_FAILED',
        'thread.statusChanged status=ready lastError=WORKTREE_FAILED',
      ]);
      expect(is.notices).toEqual(['worktree.failed']);
      expect(is.said('queue.held')).toEqual(['queue.held reason=failed']);
      expect([is.stage.charts.root.value, is.queue]).toEqual(['preparing', 'flowing: b next, a']);
    },
    without: {
      'the failure': withoutAction('thread', 'noteUnmade'),
      'the try': withoutTransition('thread', 'unbound > turn.submit > 0'),
    },
  });

  rule('what is held after a failure tries again when it is released', {
    inWorktree,
    given: [submit('a'), unmade()],
    when: [RESUME, made(2)],
    holds: (is) => expect(is.active).toBe('a'),
    without: { 'the try': withoutTransition('thread', ' > queue.resume > 0') },
  });

  rule('an answer to an earlier try is ignored', {
    inWorktree,
    given: [submit('a'), unmade(), submit('b')],
    when: [unmade(1)],
    holds: (is) => expect(is.answer).toBe('ignored'),
    without: { 'the look at the try': guardIs('thread', 'isOfThisTry', true) },
  });

  rule('one that takes too long fails', {
    inWorktree,
    given: [submit('a')],
    when: [TIMED_OUT],
    holds: (is) =>
      expect([is.status, is.lastError, is.queue, is.did('worktree.end')]).toEqual([
        'error',
        'WORKTREE_TIMED_OUT',
        'held failed: a',
        ['worktree.end threadId=t1'],
      ]),
    without: { 'the end': withoutTransition('thread', 'preparing > worktree.timedOut') },
  });

  rule('a restart of the server begins it again', {
    inWorktree,
    given: [submit('a')],
    when: [RECOVERED, made(1), made(2)],
    holds: (is) => {
      expect(is.effects.filter(({ type }) => type === 'worktree.prepare')).toMatchObject([{ attempt: 2 }]);
      expect(is.taken.map(({ isIgnored }) => isIgnored)).toEqual([false, true, false]);
      expect(is.active).toBe('a');
    },
    without: { 'the beginning': withoutTransition('thread', 'preparing > runtime.recovered') },
  });

  rule('a stop ends it and holds what waits', {
    inWorktree,
    given: [submit('a')],
    when: [STOP],
    holds: (is) =>
      expect([is.status, is.queue, is.did(), is.armed]).toEqual([
        'stopped',
        'held stopped: a',
        ['worktree.end threadId=t1'],
        [],
      ]),
    without: {
      'the end': withoutAction('thread', 'stopPreparing'),
      'the hold': both(withoutAction('thread', 'holdStopped'), guardIs('thread', 'mustPrepare', false)),
    },
  });

  rule('it is removed with the thread, while it is made too', {
    inWorktree,
    when: [DELETE],
    holds: (is) => expect(is.did()).toEqual(['worktree.end threadId=t1', 'worktree.remove threadId=t1']),
    without: {
      'the end': withoutAction('thread', 'stopPreparing'),
      'the removal': actionIs(
        'thread',
        'sayDeleted',
        threadMove(() => ({})),
      ),
    },
  });

  rule('nothing else begins while it is made', {
    inWorktree,
    when: [compact('c'), ARCHIVE],
    holds: (is) =>
      expect(is.taken.map(({ refusal }) => refusal?.code)).toEqual(['THREAD_BUSY', 'THREAD_BUSY']),
    without: { 'the state': withoutAlways('thread', 'unbound', 3) },
  });

  rule('a compaction has to wait for it after a failure too', {
    inWorktree,
    given: [unmade()],
    when: [compact('c')],
    holds: (is) => expect(is.answer).toBe('THREAD_BUSY'),
    without: { 'the look at it': guardIs('thread', 'isPrepared', true) },
  });

  rule('its setup command is an item of the thread, and does not stay open', {
    inWorktree,
    given: [setup('Started')],
    when: [STOP],
    holds: (is) =>
      expect([...is.stage.tables.items.values()].map(({ status }) => status)).toEqual(['unknown']),
    without: { 'the end of the item': foldsWithout(({ fact }) => fact.type === 'worktree.failed') },
  });

  rule('its setup command does not stay open when the server was killed under it', {
    inWorktree,
    given: [setup('Started')],
    when: [RECOVERED],
    holds: (is) =>
      expect([...is.stage.tables.items.values()].map(({ status }) => status)).toEqual(['unknown']),
    without: { 'the end of the item': foldsWithout(({ fact }) => fact.type === 'worktree.preparing') },
  });

  rule('its setup command ends with what it came to', {
    inWorktree,
    given: [setup('Started')],
    when: [setup('Completed')],
    holds: (is) => expect(is.said()).toHaveLength(1),
    without: { 'the taking': withoutTransition('thread', 'preparing > provider.itemCompleted') },
  });
});

describe('a connection', () => {
  rule('of number 0 is of no provider: nothing of it is taken once the thread is prepared', {
    inWorktree,
    when: [made(), setup('Started')],
    holds: (is) => {
      expect(connectionIdOf(THREAD, 0)).toBe('t1#0');
      expect(is.answer).toBe('ignored');
      expect(is.status).toBe('ready');
      expect(is.said('item.started')).toEqual([]);
    },
    without: { 'the state': withoutTransition('thread', 'preparing > worktree.made') },
  });
});
