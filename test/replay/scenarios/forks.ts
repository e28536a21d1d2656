/** Threads that begin with the history of another one. */
import type { CodexScenario } from '../../helpers/record-codex.ts';
import type { RecordingStage } from '../../helpers/recording-stage.ts';
import { byUserText } from '../../model-endpoint/script.ts';
import { says } from './turns.ts';

const fork: CodexScenario = {
  scenario: 'fork',
  title: 'Two forks of a thread: as it is, and up to an earlier turn',
  description: 'each begins a conversation of its own; the first one goes on, and its next prompt completes',
  script: byUserText({
    one: says('answer one'),
    two: says('answer two'),
    aside: says('answer aside'),
    before: says('answer before'),
    three: says('answer three'),
  }),
  play: async (stage) => {
    await stage.create();
    await stage.turn('one');
    await stage.turn('two');
    const now = await stage.create({ options: { forkOf: 't1' } });
    await stage.turn('aside', { threadId: now });
    const earlier = await stage.create({ options: { forkOf: 't1', forkTurn: '1' } });
    await stage.turn('before', { threadId: earlier });
    await stage.turn('three');
  },
};

const PROMPTS = ['one', 'two', 'three', 'aside', 'beside', 'again', 'back'] as const;
const answers = byUserText(Object.fromEntries(PROMPTS.map((name) => [name, says(`answer ${name}`)])));

async function forkOf(stage: RecordingStage, newThreadId: string, turnId?: string): Promise<string> {
  await stage.do({ type: 'thread.fork', newThreadId, ...(turnId !== undefined && { turnId }) });
  return newThreadId;
}

const siblings: CodexScenario = {
  scenario: 'fork-siblings',
  title: 'Two forks of a thread by its users: of the newest turn and of the one before',
  description: 'each goes on by a turn of its own, and so does the thread; none knows of the others',
  script: answers,
  play: async (stage) => {
    await stage.create();
    const { turnId } = await stage.turn('one');
    await stage.turn('two');
    const late = await forkOf(stage, 'f1');
    const early = await forkOf(stage, 'f2', turnId);
    await stage.turn('aside', { threadId: late });
    await stage.turn('beside', { threadId: early });
    await stage.turn('three');
  },
};

const mergeBack: CodexScenario = {
  scenario: 'merge-back',
  title: 'Two forks that bring back what they did, one after the other',
  description: 'each time the next prompt of the thread carries it, in the conversation that the thread has',
  script: answers,
  play: async (stage) => {
    await stage.create();
    await stage.turn('one');
    const [first, second] = [await forkOf(stage, 'f1'), await forkOf(stage, 'f2')];
    await stage.turn('aside', { threadId: first });
    await stage.turn('beside', { threadId: second });
    await stage.do({ type: 'thread.mergeBack', threadId: first });
    await stage.turn('back');
    await stage.do({ type: 'thread.mergeBack', threadId: second });
    await stage.turn('again');
  },
};

async function rollBack(stage: RecordingStage, turnId: string, threadId = 't1'): Promise<void> {
  await stage.do({ type: 'checkpoint.rollback', threadId, turnId, files: false });
  await stage.fact('rollback.ended', (fact) => fact.target.turnId === turnId, threadId);
}

const rollback: CodexScenario = {
  scenario: 'rollback-turn',
  title: 'A thread that goes back by a turn',
  description: 'the next prompt goes on in a conversation without that turn',
  script: answers,
  play: async (stage) => {
    await stage.create();
    const { turnId } = await stage.turn('one');
    await stage.turn('two');
    await rollBack(stage, turnId);
    await stage.turn('three');
  },
};

const rollbackInFork: CodexScenario = {
  scenario: 'rollback-in-fork',
  title: 'A fork that goes back by a turn of its own',
  description:
    'the next prompt knows what the fork has inherited and its first turn; the source is as it was',
  script: answers,
  play: async (stage) => {
    await stage.create();
    await stage.turn('one');
    const threadId = await forkOf(stage, 'f1');
    const { turnId } = await stage.turn('aside', { threadId });
    await stage.turn('beside', { threadId });
    await rollBack(stage, turnId, threadId);
    await stage.turn('again', { threadId });
    await stage.turn('two');
  },
};

export const FORKS: readonly CodexScenario[] = [fork, siblings, mergeBack, rollback, rollbackInFork];
