/** What `can` lists is accepted, in whatever state a thread with branches and rollbacks is. */
import { expect, test } from 'vitest';
import type { Capabilities } from '../../machines/domain/capability.ts';
import { makeServer, threadId } from '../helpers/server-runs.ts';
import { SCRIPTED_CAPABILITIES } from '../helpers/scripted-provider.ts';
import { until } from '../helpers/until.ts';
import { THREAD, type RuntimeRun } from '../helpers/start-runtime.ts';

const CAPABILITIES: Capabilities = { ...SCRIPTED_CAPABILITIES, fork: 'turn' };
const FORK = 'f1';

type Given = (run: RuntimeRun) => Promise<unknown>;

const turn =
  (text = 'one', thread: string = THREAD): Given =>
  (run) =>
    run.submit(text, { threadId: thread });
const fork: Given = (run) => run.do({ type: 'thread.fork', newThreadId: FORK });
const merge: Given = (run) => run.do({ type: 'thread.mergeBack', threadId: FORK });
const rollback =
  (keep: number, thread: string = THREAD): Given =>
  async (run) => {
    const began = run.facts(threadId(thread)).filter((fact) => fact.type === 'turn.began');
    const turnId = began[keep - 1]?.turnId ?? null;
    const endedCount = (): number =>
      run.facts(threadId(thread)).filter(({ type }) => type === 'rollback.ended').length;
    const before = endedCount();
    // later than what has branched off
    run.pass(1);
    await run.do({ type: 'checkpoint.rollback', threadId: thread, turnId, files: false });
    await until(() => {
      run.settle();
      return endedCount() > before;
    });
  };

/** By the thread that is looked at. */
const SCENES: readonly (readonly [string, string, readonly Given[]])[] = [
  ['new', THREAD, []],
  ['with a completed turn', THREAD, [turn()]],
  ['with a failed turn alone', THREAD, [turn('fail')]],
  ['with a turn that runs', THREAD, [turn(), turn('wait')]],
  ['that asks', THREAD, [turn('ask')]],
  [
    'with a held queue',
    THREAD,
    [
      turn('wait'),
      (run) => run.submit('next', { mode: 'queue' }),
      (run) => run.do({ type: 'turn.interrupt' }),
    ],
  ],
  ['rolled back to its first turn', THREAD, [turn(), turn('two'), rollback(1)]],
  ['rolled back to its start', THREAD, [turn(), turn('two'), rollback(0)]],
  ['rolled back to a failed turn', THREAD, [turn('fail'), turn('two'), rollback(1)]],
  [
    'rolled back to a failed turn after a completed one',
    THREAD,
    [turn(), turn('fail'), turn('three'), rollback(2)],
  ],
  ['rolled back, and gone on', THREAD, [turn(), rollback(0), turn('two')]],
  ['rolled back twice', THREAD, [turn(), turn('two'), turn('three'), rollback(2), rollback(1)]],
  ['that is archived', THREAD, [turn(), (run) => run.do({ type: 'thread.archive' })]],
  ['that is stopped', THREAD, [turn(), (run) => run.do({ type: 'thread.stop' })]],
  ['forked', FORK, [turn(), fork]],
  ['forked, with a turn of its own', FORK, [turn(), fork, turn('mine', FORK)]],
  ['forked and merged back', FORK, [turn(), fork, turn('mine', FORK), merge]],
  ['forked, its own turn rolled back', FORK, [turn(), fork, turn('mine', FORK), rollback(0, FORK)]],
  [
    'forked, merged, and rolled back',
    FORK,
    [turn(), fork, turn('mine', FORK), merge, turn('more', FORK), rollback(1, FORK)],
  ],
  ['forked, with a failed turn of its own', FORK, [turn(), fork, turn('fail', FORK)]],
  ['whose source was rolled back', FORK, [turn(), fork, rollback(0)]],
  ['with a fork', THREAD, [turn(), fork, turn('mine', FORK), merge]],
];

async function stage(given: readonly Given[]): Promise<RuntimeRun> {
  const server = makeServer({ capabilities: CAPABILITIES, instances: ['scripted', 'other'] });
  const run = await server.start();
  await run.create();
  for (const act of given) await act(run);
  return run;
}

const TEXT = 'hello';

/** What each word of `can` stands for, for a thread that has it. */
const COMMANDS: Readonly<Record<string, (run: RuntimeRun, thread: string) => Record<string, unknown>>> = {
  'turn.submit:start': () => ({ type: 'turn.submit', text: TEXT }),
  'turn.submit:queue': () => ({ type: 'turn.submit', text: TEXT, mode: 'queue' }),
  'turn.submit:steer': () => ({ type: 'turn.submit', text: TEXT, mode: 'steer' }),
  'turn.submit:restart': () => ({ type: 'turn.submit', text: TEXT, mode: 'restart' }),
  'thread.set': () => ({ type: 'thread.setTitle', title: TEXT }),
  'thread.switchProvider': () => ({ type: 'thread.switchProvider', instanceId: 'other' }),
  'checkpoint.rollback': () => ({ type: 'checkpoint.rollback', turnId: null, files: false }),
  'task.delegate': () => ({ type: 'task.delegate', text: TEXT, instanceId: 'other' }),
  'turn.edit': () => ({ type: 'turn.edit', text: TEXT, files: false }),
  'request.respond': (run, thread) => {
    const [{ requestId } = { requestId: '' }] = run.snapshot(threadId(thread)).requests;
    return { type: 'request.respond', requestId, decision: 'accept' };
  },
  'queue.edit': (run, thread) => ({ type: 'queue.edit', queueEntryId: entryOf(run, thread), text: TEXT }),
  'queue.reorder': (run, thread) => ({
    type: 'queue.reorder',
    queueEntryId: entryOf(run, thread),
    before: null,
  }),
  'queue.cancel': (run, thread) => ({ type: 'queue.cancel', queueEntryId: entryOf(run, thread) }),
  'queue.promote': (run, thread) => ({ type: 'queue.promote', queueEntryId: entryOf(run, thread) }),
};
const entryOf = (run: RuntimeRun, thread: string) => run.snapshot(threadId(thread)).queue.entries[0]?.turnId;

/** Which a thread that is neither archived nor being deleted always takes. */
const ALWAYS = new Set(['thread.delete', 'thread.stop', 'thread.set', 'thread.archive', 'turn.submit:queue']);
const BRANCHES = ['thread.fork', 'thread.mergeBack', 'checkpoint.rollback', 'turn.edit'];

test.each(SCENES)(
  'a thread %s accepts what it lists, and of branches nothing else',
  async (_, thread, given) => {
    const { can } = (await stage(given)).snapshot(threadId(thread)).machine;
    const tried = new Set([...can.filter((word) => !ALWAYS.has(word)), ...BRANCHES]);
    const accepted: string[] = [];
    for (const word of tried) {
      const run = await stage(given);
      const command = COMMANDS[word]?.(run, thread) ?? { type: word };
      if ((await run.refusal({ ...command, threadId: thread })) === null) accepted.push(word);
    }
    expect(accepted.toSorted()).toEqual(can.filter((word) => tried.has(word)).toSorted());
  },
);

test('a fork of a fork is told what the source of both has rolled back since', async () => {
  const run = await stage([turn('apple'), turn('pear'), fork, rollback(0)]);
  await run.do({ type: 'thread.fork', threadId: FORK, newThreadId: 'f2' });
  await run.submit('plum', { threadId: 'f2' });
  await until(() => {
    run.settle();
    return run.snapshot(threadId('f2')).turn?.status === 'completed';
  });
  const started = run.world.performed.findLast((effect) => effect.type === 'turn.start');
  expect(started?.type === 'turn.start' && started.prompt.text).toMatch(/apple[^]*pear[^]*plum/);
});
