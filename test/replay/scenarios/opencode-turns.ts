/** Turns of opencode as they go when nothing is in their way, and what it asks a person. */
import { join } from 'node:path';
import type { RecordingStage } from '../../helpers/recording-stage.ts';
import type { OpencodeScenario } from '../../helpers/record-opencode.ts';
import { askUser, bash, editFile, task, writeFile, writeTodos } from '../../model-endpoint/opencode-tools.ts';
import { byUserText, replies, type Script } from '../../model-endpoint/script.ts';
import { functionCall, gate, text, usage, type Step } from '../../model-endpoint/step.ts';
import { says, simple } from './turns.ts';
import { answerRequest, compactBetween, steerInMessage, takeTurns } from './plays.ts';

/** What is not a turn is the gist of a conversation. */
export const withGist =
  (script: Script): Script =>
  (request) =>
    request.purpose === 'turn' ? script(request) : [text('the gist')];

const multiTurn: OpencodeScenario = {
  scenario: 'multi-turn',
  title: 'Three turns on one connection',
  description: 'each completes; the connection is opened once, and the usage counts all of them',
  script: replies([[text('one')], [text('two')], [text('three')]]),
  play: takeTurns(['first', 'second', 'third']),
};

const twoThreads: OpencodeScenario = {
  scenario: 'two-threads',
  title: 'Two threads on one process',
  description: 'each has its own turn; the first to begin is the last to end',
  script: byUserText({
    left: replies([[text('left '), gate('left'), text('done')]]),
    right: replies([[text('right '), gate('right'), text('done')]]),
  }),
  play: async (stage) => {
    const threads = [await stage.create(), await stage.create()] as const;
    const left = await stage.submit('left', { threadId: threads[0] });
    await stage.streamed('left ', threads[0]);
    const right = await stage.submit('right', { threadId: threads[1] });
    await stage.streamed('right ', threads[1]);
    stage.endpoint.gate('right').release();
    await stage.ended(right.turnId, threads[1]);
    stage.endpoint.gate('left').release();
    await stage.ended(left.turnId, threads[0]);
  },
};

const queue: OpencodeScenario = {
  scenario: 'queue',
  title: 'A prompt that waits for the turn before it',
  description: 'the second turn begins when the first has completed; opencode has never more than one',
  script: byUserText({ one: replies([[text('first '), gate('one'), text('done')]]), two: says('second') }),
  play: async (stage) => {
    await stage.create();
    const { turnId } = await stage.submit('one');
    await stage.streamed('first ');
    await stage.submit('two', { mode: 'queue' });
    stage.endpoint.gate('one').release();
    await stage.ended(turnId);
    await stage.until(() => stage.facts('turn.ended')[1], 'the second end');
    await stage.settled();
  },
};

const steerByRestart: OpencodeScenario = {
  scenario: 'steer-by-restart',
  title: 'A steer in the middle of a message',
  description: 'opencode is interrupted, and the message begins a second attempt of the turn',
  script: byUserText({ go: replies([[text('one way '), gate('never')]]), 'turn left': says('left it is') }),
  play: steerInMessage,
};

const command: OpencodeScenario = {
  scenario: 'command',
  title: 'A command that fails',
  description: 'its output comes as it is written; the model goes on with the code',
  script: replies([[bash('echo out; exit 3')], [text('it failed')]]),
  play: takeTurns(['run it'], { runtimeMode: 'auto' }),
};

/** The folder is known when the recording begins. */
const inWorkspace = (
  name: string,
  act: (path: string) => Step,
): { script: Script; at(stage: RecordingStage): void } => {
  let path = '';
  return {
    script: ({ turnToolOutputs }) => (turnToolOutputs.length === 0 ? [act(path)] : [text('done')]),
    at: (stage) => void (path = join(stage.workspace, name)),
  };
};

const newFile = inWorkspace('new.txt', (path) => writeFile(path, 'content\n'));
const write: OpencodeScenario = {
  scenario: 'write',
  title: 'A new file',
  description: 'in a mode that lets edits pass nobody is asked; the change is shown with its difference',
  script: newFile.script,
  play: async (stage) => {
    newFile.at(stage);
    await stage.create({ runtimeMode: 'auto-accept-edits' });
    await stage.turn('write it');
  },
};

const oldFile = inWorkspace('old.txt', (path) => editFile(path, 'old', 'new'));
const edit: OpencodeScenario = {
  scenario: 'edit-accepted',
  title: 'An edit that a person accepts',
  description: 'the request names the file; the change is shown when it is made',
  script: oldFile.script,
  play: async (stage) => {
    oldFile.at(stage);
    stage.write('old.txt', 'old\n');
    await stage.create({ runtimeMode: 'approval-required' });
    const { turnId } = await stage.submit('edit it');
    await stage.answer('accept');
    await stage.ended(turnId);
  },
};

const asked = (decision: 'accept' | 'decline' | 'cancel', description: string): OpencodeScenario => ({
  scenario: `command-${{ accept: 'accepted', decline: 'declined', cancel: 'cancelled' }[decision]}`,
  title: `A command that a person is asked about: ${decision}`,
  description,
  script: replies([[bash('echo made')], [text('so be it')]]),
  play: answerRequest(decision, 'make it', { runtimeMode: 'auto-accept-edits' }),
});

const forSession: OpencodeScenario = {
  scenario: 'command-for-session',
  title: 'A consent for the session',
  description:
    'the second command of that kind is not asked about, in the same turn and in the next; another one is',
  script: byUserText({
    first: replies([[bash('echo one')], [bash('echo two')], [text('done')]]),
    second: replies([[bash('echo three')], [bash('touch four')], [text('done')]]),
  }),
  play: async (stage) => {
    await stage.create({ runtimeMode: 'auto-accept-edits' });
    const first = await stage.submit('first');
    await stage.answer('acceptForSession');
    await stage.ended(first.turnId);
    const second = await stage.submit('second');
    await stage.answer('decline', { number: 2 });
    await stage.ended(second.turnId);
  },
};

const question: OpencodeScenario = {
  scenario: 'question',
  title: 'A question and its answer',
  description: 'the answer goes back to the model, which goes on',
  script: replies([[askUser('Which colour?', ['red', 'blue'])], [text('blue it is')]]),
  play: async (stage) => {
    await stage.create();
    const { turnId } = await stage.submit('ask me');
    const { requestId, body } = await stage.request();
    const [first] = body.kind === 'question' ? body.questions : [];
    await stage.do({ type: 'request.respond', requestId, answers: { [first?.questionId ?? '']: ['blue'] } });
    await stage.ended(turnId);
  },
};

const todo: OpencodeScenario = {
  scenario: 'todo',
  title: 'A to-do list',
  description: 'shown as the plan of the turn, each time whole',
  script: replies([
    [
      writeTodos([
        { content: 'one', status: 'in_progress' },
        { content: 'two', status: 'pending' },
      ]),
    ],
    [
      writeTodos([
        { content: 'one', status: 'completed' },
        { content: 'two', status: 'in_progress' },
      ]),
    ],
    [text('done')],
  ]),
  play: takeTurns(['plan it']),
};

const subAgent: OpencodeScenario = {
  scenario: 'sub-agent',
  title: 'A sub-agent that asks',
  description: 'its command is asked about in the thread, and shown below the item of the sub-agent',
  script: byUserText({
    delegate: replies([[task('look around')], [text('all looked at')]]),
    'look around': replies([[bash('echo seen')], [text('I have seen it')]]),
  }),
  play: answerRequest('accept', 'delegate', { runtimeMode: 'auto-accept-edits' }),
};

const planMode: OpencodeScenario = {
  scenario: 'plan-mode',
  title: 'A turn that only plans',
  description: 'an edit is not let; the model goes on without it',
  script: replies([
    [functionCall('edit', { filePath: '/tmp/x', oldString: 'a', newString: 'b' })],
    [text('the plan')],
  ]),
  play: takeTurns(['think'], { interactionMode: 'plan', runtimeMode: 'full-access' }),
};

const compactionByHand: OpencodeScenario = {
  scenario: 'compaction-by-hand',
  title: 'A conversation that is shortened on demand',
  description: 'a turn of its own; the next prompt goes on with the gist',
  script: withGist(byUserText({ tell: says('a long story'), 'go on': says('the end') })),
  play: compactBetween('tell', 'go on'),
};

const droppedFile = inWorkspace('two.txt', (path) => writeFile(path, 'two\n'));
const rollback: OpencodeScenario = {
  scenario: 'rollback',
  title: 'A conversation whose newest turn is taken out, with the file that it made',
  description: 'the next prompt goes on from the turn before',
  script: byUserText({
    one: says('answer one'),
    two: droppedFile.script,
    three: says('answer three'),
  }),
  play: async (stage) => {
    droppedFile.at(stage);
    await stage.create({ runtimeMode: 'auto' });
    await stage.turn('one');
    await stage.turn('two');
    await stage.do({ type: 'thread.stop' });
    await stage.do({ type: 'thread.setModel', model: null, options: { rollbackTo: '1' } });
    await stage.turn('three');
  },
};

const FULL = usage({ inputTokens: 19_500, outputTokens: 100 });
const compaction: OpencodeScenario = {
  scenario: 'compaction',
  title: 'A conversation that becomes too long in a turn',
  description: 'opencode shortens it by itself and goes on; the turn is one',
  home: { limit: { context: 20_000, output: 1_000 } },
  script: withGist(({ turnToolOutputs, userText }) => {
    if (!userText.startsWith('tell')) return [text('the end')];
    return turnToolOutputs.length === 0 ? [bash('echo long'), FULL] : [text('the end')];
  }),
  play: takeTurns(['tell'], { runtimeMode: 'auto' }),
};

export const OPENCODE_TURNS: readonly OpencodeScenario[] = [
  simple(),
  multiTurn,
  twoThreads,
  queue,
  steerByRestart,
  command,
  write,
  edit,
  asked('accept', 'it runs, and the turn goes on'),
  asked('decline', 'it does not run; the model is told, and goes on'),
  asked('cancel', 'it does not run, and the turn ends there'),
  forSession,
  question,
  todo,
  subAgent,
  planMode,
  compactionByHand,
  compaction,
  rollback,
];
