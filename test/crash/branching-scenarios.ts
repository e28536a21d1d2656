/** Threads that go back, branch off, come together, change their provider, and have working trees of their own. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from '../helpers/server-runs.ts';
import { SCRIPTED_CAPABILITIES } from '../helpers/scripted-provider.ts';
import { ask, create, submit, type Scenario, type Stage, type Step } from './steps.ts';

type Files = Readonly<Record<string, string | null>>;

/** A thread in the repository itself. */
const createThere =
  (more: Record<string, unknown> = {}): Step =>
  (stage) =>
    create('t1', { cwd: stage.workspace?.repository.root, ...more })(stage);

/** A turn that changes files. */
const turn = (text: string, files: Files): readonly Step[] => [
  submit('t1', `${text} wait`),
  ({ run, workspace }) => {
    workspace?.repository.write(files);
    const id = run.provider.connectionIds.findLast((each) => each.startsWith('t1#'));
    if (id !== undefined) run.provider.session(id).goOn();
  },
];

const turnIds = ({ run }: Stage): string[] => run.journal.turns(threadId('t1'), {}).map((row) => row.turnId);

/** To the first turn of the thread. */
const rollBack: Step = (stage) => ask('t1', 'checkpoint.rollback', { turnId: turnIds(stage).at(-1) })(stage);

function must(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(what);
}

/** All of it, or nothing. */
function isBack({ run, workspace }: Stage): void {
  const ends = run.facts(threadId('t1')).filter((fact) => fact.type === 'rollback.ended');
  const began = run.facts(threadId('t1')).filter((fact) => fact.type === 'rollback.began');
  must(began.length === ends.length, 'a rollback does not end');
  must(
    ends.every((end) => end.failure === null),
    `a rollback has failed: ${ends[0]?.failure?.message}`,
  );
  if (ends.length === 0 || workspace === null) return;
  const { repository } = workspace;
  const isThere = existsSync(repository.path('b'));
  must(repository.read('a') === 'two\n' && !isThere, 'turns were taken back without their files');
}

const WRITES = [...turn('first', { a: 'two\n' }), ...turn('second', { a: 'three\n', b: 'new\n' })];
const ROLLBACK = {
  isInRepository: true,
  // what the last turn leaves is captured while the rollback waits for it
  givenCount: WRITES.length,
  steps: [createThere(), ...WRITES, rollBack, submit('t1', 'third')],
  holds: isBack,
};

/** A working tree has what its setup has made, and the thread works there. */
function isSetUp({ run }: Stage): void {
  for (const id of run.journal.threadIds()) {
    const state = run.journal.threadState(id);
    if (state?.removal !== 'none' || state.worktree === undefined || state.worktree === null) continue;
    const { status, made } = state.worktree;
    must(status === 'ready' && made !== null, `the working tree of ${id} is ${status}`);
    must(existsSync(join(made?.root ?? '', 'built')), `the working tree of ${id} is not set up`);
    must(state.row.cwd === made?.cwd, `${id} works in ${state.row.cwd}`);
  }
}

const inWorktree: Step = (stage) => {
  const setup = stage.workspace?.behindGate('echo done; cat a > built');
  createThere({ worktree: { setup } })(stage);
};
/** Of the first turn of the thread. */
const forkInWorktree: Step = (stage) => {
  const setup = stage.workspace?.behindGate('cat a > built');
  ask('t1', 'thread.fork', { newThreadId: 'f1', turnId: turnIds(stage).at(-1), worktree: { setup } })(stage);
};

/** The fork has the files that its turn left, and its source has its own. */
function isApart(stage: Stage): void {
  isSetUp(stage);
  const root = stage.run.journal.threadState(threadId('f1'))?.worktree?.made?.root;
  if (root === undefined || stage.workspace === null) return;
  const files = ['a', 'built'].map((name) => readFileSync(join(root, name), 'utf8'));
  must(files.join() === 'two\n,two\n', `the fork has other files: ${files.join()}`);
  must(!existsSync(join(root, 'b')), 'the fork has a file that came later');
  must(stage.workspace.repository.read('a') === 'three\n', 'the files of the source are not as they were');
}
const openGate: Step = ({ workspace }) => workspace?.openGate();
const FORKS = { ...SCRIPTED_CAPABILITIES, fork: 'turn' } as const;

const LATER = { a: 'three\n', b: 'new\n' };
const FIRST = turn('first', { a: 'two\n' });
/** Its source's files go on. The recovery sends both a prompt. */
const FORK_IN_WORKTREE: Scenario = {
  name: 'a fork into a working tree of its own',
  isInRepository: true,
  givenCount: FIRST.length + 2,
  holds: isApart,
  steps: [
    createThere(),
    ...FIRST,
    ({ workspace }) => workspace?.repository.write(LATER),
    forkInWorktree,
    openGate,
  ],
};

export const IN_REPOSITORY: readonly Scenario[] = [
  { name: 'a rollback, told by what is carried', ...ROLLBACK },
  {
    ...ROLLBACK,
    name: 'a rollback by the provider',
    capabilities: { ...SCRIPTED_CAPABILITIES, rollback: 'turns' },
  },
  { ...ROLLBACK, name: 'a rollback by a fork of its own', capabilities: FORKS },
  {
    name: 'a working tree that is made and set up',
    isInRepository: true,
    holds: isSetUp,
    steps: [inWorktree, openGate, submit('t1', 'first')],
  },
  {
    name: 'a working tree that goes with its thread',
    isInRepository: true,
    givenCount: 3,
    steps: [inWorktree, openGate, submit('t1', 'first'), ask('t1', 'thread.delete')],
  },
  FORK_IN_WORKTREE,
];

export const BRANCHING: readonly Scenario[] = [
  {
    name: 'a fork by the provider, at an earlier turn, and what it brings back',
    capabilities: FORKS,
    steps: [
      create('t1'),
      submit('t1', 'first'),
      submit('t1', 'second'),
      (stage) => ask('t1', 'thread.fork', { newThreadId: 'f1', turnId: turnIds(stage).at(-1) })(stage),
      submit('f1', 'aside'),
      ask('f1', 'thread.mergeBack'),
      submit('t1', 'third'),
    ],
  },
  {
    name: 'two forks by transfer that bring back what they have, together with a switch',
    steps: [
      create('t1'),
      submit('t1', 'first'),
      ask('t1', 'thread.fork', { newThreadId: 'f1' }),
      ask('t1', 'thread.fork', { newThreadId: 'f2', instanceId: 'other' }),
      submit('f1', 'aside'),
      submit('f2', 'apart'),
      ask('f1', 'thread.mergeBack'),
      ask('t1', 'thread.switchProvider', { instanceId: 'other' }),
      ask('f2', 'thread.mergeBack'),
      submit('t1', 'second'),
      ask('t1', 'thread.switchProvider', { instanceId: 'scripted' }),
      submit('t1', 'third'),
    ],
  },
];
