/** What happens before the crash: every kind of thing that a thread can be in the middle of. */
import { threadId } from '../helpers/server-runs.ts';
import { answer, ask, begin, create, die, faults, pass, submit, type Scenario } from './steps.ts';

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a turn, and another with its context',
    steps: [create('t1'), submit('t1', 'long hello'), submit('t1', 'again')],
  },
  {
    name: 'queued prompts, edited, reordered, cancelled',
    steps: [
      create('t1'),
      submit('t1', 'one wait'),
      submit('t1', 'two', 'queue'),
      submit('t1', 'three', 'queue'),
      ({ run, client }) => {
        const [first, second] = run.snapshot(threadId('t1')).queue.entries;
        if (first === undefined || second === undefined) return;
        client.send({ type: 'queue.edit', threadId: 't1', queueEntryId: second.turnId, text: 'four' });
        client.send({
          type: 'queue.reorder',
          threadId: 't1',
          queueEntryId: second.turnId,
          before: first.turnId,
        });
        client.send({ type: 'queue.cancel', threadId: 't1', queueEntryId: first.turnId });
      },
      ask('t1', 'turn.interrupt'),
      ask('t1', 'queue.resume'),
    ],
  },
  {
    name: 'steers, native, refused and unanswered',
    steps: [
      create('t1'),
      submit('t1', 'one wait'),
      submit('t1', 'more wait', 'steer'),
      faults({ steer: 'refuse' }),
      submit('t1', 'not now', 'steer'),
      faults({ steer: 'silent' }),
      submit('t1', 'lost', 'steer'),
      pass(15_001),
      ask('t1', 'turn.interrupt'),
    ],
  },
  {
    name: 'a restart, and another one',
    steps: [
      create('t1'),
      submit('t1', 'one wait'),
      submit('t1', 'two wait', 'restart'),
      submit('t1', 'three', 'restart'),
    ],
  },
  {
    name: 'approvals',
    steps: [
      create('t1'),
      submit('t1', 'ask2 done'),
      answer('t1', 0, 'accept'),
      answer('t1', 0, 'decline'),
      submit('t1', 'question end'),
      answer('t1', 0, ''),
    ],
  },
  {
    name: 'an answer that does not arrive',
    steps: [
      create('t1'),
      submit('t1', 'ask done'),
      faults({ answer: 'fail' }),
      answer('t1', 0, 'accept'),
      faults({ answer: 'silent' }),
      answer('t1', 0, 'accept'),
      pass(10_001),
      ({ run }) => void delete run.world.faults.answer,
      answer('t1', 0, 'accept'),
    ],
  },
  {
    name: 'an interrupt that is not answered, and a retry',
    steps: [
      create('t1'),
      faults({ interrupt: 'silent' }),
      submit('t1', 'one wait'),
      ask('t1', 'turn.interrupt'),
      pass(15_001),
      ask('t1', 'turn.retry'),
    ],
  },
  {
    name: 'a stop, a prompt, a stop that fails',
    steps: [
      create('t1'),
      submit('t1', 'one wait'),
      ask('t1', 'thread.stop'),
      submit('t1', 'two'),
      faults({ close: 'fail' }),
      ask('t1', 'thread.stop'),
    ],
  },
  {
    name: 'two threads, one process, its death',
    steps: [
      create('t1'),
      create('t2'),
      submit('t1', 'one wait'),
      submit('t2', 'ask two'),
      submit('t2', 'later', 'queue'),
      die,
      submit('t1', 'again'),
      submit('t2', 'again'),
    ],
  },
  {
    name: 'a delete while it runs, and one of an idle thread',
    steps: [
      create('t1'),
      create('t2'),
      submit('t1', 'one wait'),
      submit('t2', 'one'),
      ask('t1', 'thread.delete'),
      ask('t2', 'thread.delete'),
    ],
  },
  {
    name: 'turns of the provider',
    steps: [
      create('t1'),
      submit('t1', 'one'),
      begin('t1', 'own wait'),
      submit('t1', 'next', 'queue'),
      ask('t1', 'turn.interrupt'),
      submit('t1', 'absorb'),
    ],
  },
  {
    name: 'settings, archive and unarchive',
    steps: [
      create('t1', { title: 'first' }),
      submit('t1', 'one'),
      ask('t1', 'thread.setTitle', { title: 'second' }),
      ask('t1', 'thread.setModel', { model: 'model-2' }),
      ask('t1', 'thread.archive'),
      ask('t1', 'thread.unarchive'),
      submit('t1', 'two'),
    ],
  },
  {
    name: 'failures: refused, failed, lost, not opened',
    steps: [
      create('t1'),
      submit('t1', 'refuse'),
      submit('t1', 'one fail'),
      submit('t1', 'one lose'),
      faults({ open: 'fail' }),
      submit('t1', 'two'),
      ({ run }) => void delete run.world.faults.open,
      ask('t1', 'turn.retry'),
    ],
  },
  {
    name: 'a conversation that is forgotten, and told what was said before',
    steps: [
      create('t1'),
      submit('t1', 'one'),
      ask('t1', 'thread.stop'),
      faults({ open: 'forgotten' }),
      submit('t1', 'two'),
      submit('t1', 'three'),
    ],
  },
  {
    name: 'a switch to another provider and back',
    steps: [
      create('t1'),
      submit('t1', 'one'),
      ask('t1', 'thread.switchProvider', { instanceId: 'other' }),
      submit('t1', 'two'),
      ask('t1', 'thread.switchProvider', { instanceId: 'scripted' }),
      submit('t1', 'three'),
    ],
  },
  {
    name: 'an idle connection is closed and opened again',
    steps: [create('t1'), submit('t1', 'one'), pass(1_900_000), submit('t1', 'two')],
  },
  {
    name: 'a fork, what it brings back, and a fork of it',
    steps: [
      create('t1'),
      submit('t1', 'one'),
      ask('t1', 'thread.fork', { newThreadId: 'f1', instanceId: 'scripted' }),
      submit('f1', 'aside'),
      ask('f1', 'thread.mergeBack'),
      submit('t1', 'two'),
      ask('f1', 'thread.fork', { newThreadId: 'f2' }),
      submit('f2', 'three'),
    ],
  },
  {
    name: 'tasks of another thread, whose end is told',
    steps: [
      create('t1'),
      submit('t1', 'wait'),
      ask('t1', 'task.delegate', { newThreadId: 'd1', instanceId: 'other', text: 'one' }),
      ask('t1', 'task.delegate', { newThreadId: 'd2', text: 'wait', wake: 'always' }),
      submit('t1', 'done', 'steer'),
      submit('d2', 'two', 'steer'),
      submit('t1', 'three', 'queue'),
    ],
  },
  {
    name: 'a silent turn',
    steps: [
      create('t1'),
      submit('t1', 'open silent'),
      submit('t1', 'later', 'queue'),
      pass(700_000),
      pass(700_000),
      pass(15_001),
    ],
  },
];
