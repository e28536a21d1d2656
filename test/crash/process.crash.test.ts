/** A real server process that dies at its n-th commit, for every n of a few lives, with a client that goes on. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { CrashingRun, type CrashPoint } from '../helpers/crashing-run.ts';
import type { LiveThread } from '../helpers/live-thread.ts';

type Life = (run: CrashingRun, thread: LiveThread) => Promise<void>;

const cwd = process.cwd();
/** What the client waits for, or the rest that the crash has brought instead. */
const orSettled = (thread: LiveThread, isThere: () => boolean): Promise<unknown> =>
  thread.until(() => isThere() || thread.view?.machine?.tags.includes('settled'), 'the next thing');

const LIVES: Readonly<Record<string, Life>> = {
  'a prompt': async (run, { threadId }) => {
    await run.ask({ type: 'turn.submit', threadId, text: 'long two words' });
  },
  'an approval': async (run, thread) => {
    const { threadId } = thread;
    await run.ask({ type: 'turn.submit', threadId, text: 'before ask after' });
    await orSettled(thread, () => thread.openRequests.length > 0);
    const [request] = thread.openRequests;
    if (request === undefined) return;
    await run.ask({ type: 'request.respond', threadId, requestId: request.requestId, decision: 'accept' });
  },
  'a queue': async (run, { threadId }) => {
    await run.ask({ type: 'turn.submit', threadId, text: 'one' });
    await run.ask({ type: 'turn.submit', threadId, text: 'two', mode: 'queue' });
    await run.ask({ type: 'turn.submit', threadId, text: 'three', mode: 'queue' });
  },
  'a steer': async (run, thread) => {
    const { threadId } = thread;
    await run.ask({ type: 'turn.submit', threadId, text: 'one wait' });
    await orSettled(thread, () => thread.status === 'running');
    await run.ask({ type: 'turn.submit', threadId, text: 'steered', mode: 'steer' });
    await run.ask({ type: 'turn.interrupt', threadId });
  },
  'two threads': async (run, { threadId }) => {
    const command = { type: 'thread.create', threadId: 'second', cwd, instanceId: 'scripted' } as const;
    await run.ask(command);
    await Promise.all([
      run.ask({ type: 'turn.submit', threadId, text: 'one ask2 more' }),
      run.ask({ type: 'turn.submit', threadId: 'second', text: 'two' }),
    ]);
  },
};

/** Commit 1 is the instance's, before the server serves; an approval is open from about the tenth on. */
const POINTS: readonly CrashPoint[] = [2, 3, 4, 6, 8, 10, 12, 14].map((commitNumber, index) => ({
  commitNumber,
  where: index % 2 === 0 ? 'before' : 'after',
}));

const isAtRest = ({ view }: LiveThread): boolean =>
  view?.machine?.tags.includes('settled') === true && view.state?.queue.entries.length === 0;

/** What a person does who finds the thread like that. */
async function nudge(run: CrashingRun, thread: LiveThread): Promise<void> {
  const { threadId, openRequests, view } = thread;
  for (const { requestId } of openRequests) {
    await run.ask({ type: 'request.respond', threadId, requestId, decision: 'decline' });
  }
  if (view?.state?.queue.status === 'held') await run.ask({ type: 'queue.resume', threadId });
  const isWaiting = thread.items('user_message').at(-1)?.text.includes('wait');
  if (thread.status === 'running' && isWaiting) await run.ask({ type: 'turn.interrupt', threadId });
}

/** It comes to rest, works, is shown as it is, and nothing in it happened twice. */
async function expectWhole(run: CrashingRun, thread: LiveThread): Promise<void> {
  await thread.until(async () => {
    if (!isAtRest(thread)) await nudge(run, thread);
    return isAtRest(thread);
  }, 'a thread at rest');
  expect(thread.openRequests).toEqual([]);
  expect(await thread.turn('hello')).toMatchObject({ outcome: 'completed' });
  await thread.reached('ready');
  await thread.expectEveryEventOnce();
  await thread.expectSameView();
  const began = thread.facts('turn.began').map(({ turnId }) => turnId);
  const ended = thread.facts('turn.ended').map(({ turnId }) => turnId);
  expect(ended.toSorted()).toEqual(began.toSorted());
  await run.expectAcknowledged();
}

const repeatedIn = (words: readonly string[]): string[] =>
  words.filter((word, index) => words.indexOf(word) !== index);

describe.for(Object.entries(LIVES))('in the life of %s', ([, live]) => {
  it.for(POINTS)('nothing is lost or done twice by a crash $where commit $commitNumber', async (point) => {
    const run = await CrashingRun.start(point);
    onTestFinished(() => run.end());
    await run.ask({ type: 'thread.create', threadId: 'first', cwd, instanceId: 'scripted' });
    const thread = run.follow('first');
    await thread.until(() => thread.view !== null, 'a first view');
    await live(run, thread);
    await run.crashed('first');
    await expectWhole(run, thread);
    const { threads } = await run.client.call('orchestration.listThreads', {});
    for (const { id } of threads.filter((row) => row.id !== 'first')) {
      const other = run.follow(id);
      await other.until(() => other.view !== null, 'a first view');
      await expectWhole(run, other);
    }
    const handed = run.ledger();
    const ids = handed.map(({ clientMessageId }) => clientMessageId);
    expect(repeatedIn(ids)).toEqual([]);
    const texts = handed.filter(({ type }) => type === 'turn.start').map(({ text }) => text);
    const prompts = texts.filter((text) => text !== 'hello');
    expect(repeatedIn(prompts)).toEqual([]);
  });
});
