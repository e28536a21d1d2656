/** Turns as they go when nothing is in their way. */
import type { CodexScenario } from '../../helpers/record-codex.ts';
import type { Scenario } from '../../helpers/recording-stage.ts';
import { askUser, openText, runCommand } from '../../model-endpoint/codex-tools.ts';
import { byUserText, replies, type Script } from '../../model-endpoint/script.ts';
import { event, functionCall, gate, reasoning, text, type Step } from '../../model-endpoint/step.ts';
import {
  compactBetween,
  planThenAct,
  queueTwo,
  steerByRestart,
  steerInCommand,
  steerInMessage,
  takeTurns,
} from './plays.ts';

export const says = (content: string): Script => replies([[text(content)]]);

export const simple = (): Scenario<never> => ({
  scenario: 'simple',
  title: 'A simple turn',
  description: 'one prompt, some thinking, a streamed answer',
  script: replies([[reasoning('Greeting'), text('Hello from the recording.', { chunkLength: 9 })]]),
  play: takeTurns(['say hello']),
});

const multiTurn: CodexScenario = {
  scenario: 'multi-turn',
  title: 'Three turns on one connection',
  description: 'each completes; the connection is opened once, and the usage counts all of them',
  script: replies([[text('one')], [text('two')], [text('three')]]),
  play: takeTurns(['first', 'second', 'third']),
};

const steer: CodexScenario = {
  scenario: 'steer',
  title: 'A steer in the middle of a message',
  description: 'codex throws the open message away and answers both; the turn is one, and completes',
  script: byUserText({
    go: replies([[...openText('one way '), gate('never')]]),
    'turn left': says('left it is'),
  }),
  play: steerInMessage,
};

const steerCommand: CodexScenario = {
  scenario: 'steer-in-command',
  title: 'A steer while a command runs',
  description: 'the message waits for the end of the command, which completes; the turn is one',
  script: byUserText({
    run: replies([[runCommand('until [ -e go ]; do sleep 0.02; done; echo ran')]]),
    'and then?': says('that was it'),
  }),
  play: steerInCommand,
};

const secondSubmit: CodexScenario = {
  scenario: 'second-submit',
  title: 'Two clients prompt one thread',
  description: 'the second start is refused with THREAD_BUSY, codex hears of one prompt only',
  script: byUserText({ mine: replies([[gate('go'), text('yours')]]) }),
  refusals: ['THREAD_BUSY'],
  play: async (stage) => {
    await stage.create();
    const { turnId } = await stage.submit('mine');
    await stage.endpoint.gate('go').reached;
    await stage.refused({ type: 'turn.submit', text: 'mine too' });
    stage.endpoint.gate('go').release();
    await stage.ended(turnId);
  },
};

const queue: CodexScenario = {
  scenario: 'queue',
  title: 'Two prompts wait for the end of a turn',
  description: 'each runs as a turn of its own, in their order, once the turn before has completed',
  script: byUserText({
    one: replies([[gate('go'), text('first')]]),
    two: says('second'),
    three: says('third'),
  }),
  play: queueTwo,
};

const question: CodexScenario = {
  scenario: 'question',
  title: 'A question with options',
  description: 'the turn waits for the answer, which is delivered, and completes',
  script: replies([[askUser('Which?', ['this', 'that'])], [text('that, then')]]),
  play: async (stage) => {
    // only in plan mode may codex 0.169.0 ask without a feature that it warns of
    await stage.create({ interactionMode: 'plan' });
    const { turnId } = await stage.submit('plan');
    const { requestId } = await stage.request();
    await stage.do({ type: 'request.respond', requestId, answers: { q1: ['that'] } });
    await stage.ended(turnId);
  },
};

type StepStatus = 'pending' | 'in_progress' | 'completed';
const PLAN_TOOL = { tables: '[tools]\nupdate_plan = { enabled = true }' };
const plan = (explanation: string, ...statuses: StepStatus[]): Step =>
  functionCall('update_plan', {
    explanation,
    plan: statuses.map((status, index) => ({ step: `step ${index + 1}`, status })),
  });

const planUpdate: CodexScenario = {
  scenario: 'plan-update',
  title: 'A plan with an explanation',
  description: 'the steps are those of the thread; no item is made of them',
  home: PLAN_TOOL,
  script: replies([[plan('so far', 'in_progress', 'pending')], [text('on it')]]),
  play: takeTurns(['go']),
};

const todo: CodexScenario = {
  scenario: 'todo',
  title: 'A list of things to do, done one by one',
  description: 'codex reports the list as its plan, whole each time; in the end every step is completed',
  home: PLAN_TOOL,
  script: replies([
    [plan('', 'in_progress', 'pending')],
    [plan('', 'completed', 'in_progress')],
    [plan('', 'completed', 'completed')],
    [text('all done')],
  ]),
  play: takeTurns(['go']),
};

const planMode: CodexScenario = {
  scenario: 'plan-mode',
  title: 'A plan that is proposed, and a turn in default mode',
  description: 'the plan is an item of its own beside the message; the next turn runs in default mode',
  script: byUserText({
    plan: says('So:\n<proposed_plan>\n1. one\n2. two\n</proposed_plan>\n'),
    do: says('done'),
  }),
  play: planThenAct('plan', 'do'),
};

const SEARCH = { type: 'web_search_call', id: 'ws_1' };
const SEARCHED = { ...SEARCH, status: 'completed', action: { type: 'search', query: 'weather' } };

const webSearch: CodexScenario = {
  scenario: 'web-search',
  title: 'A search of the web',
  description: 'the item begins without a query, and completes with it',
  script: replies([
    [
      event({ type: 'response.output_item.added', item: { ...SEARCH, status: 'in_progress' } }),
      event({ type: 'response.output_item.done', item: SEARCHED }),
      text('sunny'),
    ],
  ]),
  play: takeTurns(['look']),
};

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const image: CodexScenario = {
  scenario: 'image',
  title: 'A prompt with an image',
  description: 'codex is given the path of the attachment; the user message is one, with its attachment',
  script: replies([[text('a dot')]]),
  play: async (stage) => {
    await stage.create();
    stage.attach('image-1', Buffer.from(PIXEL, 'base64'));
    await stage.turn('look', { attachments: ['image-1'] });
  },
};

const compaction: CodexScenario = {
  scenario: 'compaction',
  title: 'A compaction that codex makes by itself',
  description: 'it is an item of the second turn, before its answer; both turns complete',
  home: { rootLines: ['model_auto_compact_token_limit = 12'] },
  script: byUserText({ one: says('a long story'), two: says('still here') }, says('a summary')),
  play: takeTurns(['one', 'two']),
};

const compactionByHand: CodexScenario = {
  scenario: 'compaction-by-hand',
  title: 'A compaction that a client asks for',
  description: 'it is a turn of its own, without a prompt; it completes, and so does the prompt after it',
  script: byUserText({ one: says('a long story'), two: says('still here') }, says('a summary')),
  play: compactBetween('one', 'two'),
};

const SHORT_WAIT_MS = 250;

const background: CodexScenario = {
  scenario: 'background-command',
  title: 'A command that outlives its turn',
  description: 'the turn completes while the command runs; its output and its end come late, and are its own',
  script: replies([
    [runCommand('until [ -e go ]; do sleep 0.05; done; echo late', SHORT_WAIT_MS)],
    [text('it runs on')],
  ]),
  play: async (stage) => {
    await stage.create({ runtimeMode: 'full-access' });
    await stage.turn('run');
    stage.write('go');
    await stage.completed('command');
  },
};

const twoThreads: CodexScenario = {
  scenario: 'two-threads',
  title: 'Two threads at once in one process',
  description: 'their turns cross; each has its own items, and both complete',
  script: byUserText({
    slow: replies([[text('not '), gate('go'), text('so fast')]]),
    quick: replies([[reasoning('Quickly'), text('here I am')]]),
  }),
  play: async (stage) => {
    await stage.create();
    await stage.create();
    const { turnId } = await stage.submit('slow');
    await stage.endpoint.gate('go').reached;
    await stage.turn('quick', { threadId: 't2' });
    stage.endpoint.gate('go').release();
    await stage.ended(turnId);
  },
};

const goal: CodexScenario = {
  scenario: 'goal',
  title: 'A goal, for which codex begins turns by itself',
  description: 'the turns after the first are of the provider, one after the other, and all complete',
  home: { features: { goals: true } },
  script: replies([
    [functionCall('create_goal', { objective: 'count' })],
    [text('one')],
    [text('two')],
    [functionCall('update_goal', { status: 'complete' })],
    [text('three')],
  ]),
  play: async (stage) => {
    await stage.create();
    await stage.turn('go');
    await stage.streamed('three');
    await stage.status('ready');
  },
};

const restarted: CodexScenario = {
  scenario: 'steer-by-restart',
  title: 'A prompt that takes the place of a running turn',
  description:
    'the turn is interrupted for it, with its open message; the prompt is the next turn, and completes',
  script: byUserText({
    go: replies([[...openText('one way '), gate('never')]]),
    'turn left': says('left it is'),
  }),
  play: steerByRestart,
};

const AGENTS = { namespace: 'multi_agent_v1' };
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** The first thread that asks is the parent. */
function family(parent: Script, child: Script): Script {
  let parentId: string | null = null;
  return (request) => {
    parentId ??= request.threadId;
    return request.threadId === parentId ? parent(request) : child(request);
  };
}

const subAgent: CodexScenario = {
  scenario: 'sub-agent',
  title: 'A sub-agent, and a parent that waits for it',
  description:
    'what the sub-agent says stands under its item; both come to their end, and the turn completes',
  home: { features: { multi_agent: true } },
  script: family(({ turnToolOutputs: [begun, waited] }) => {
    if (begun === undefined) return [functionCall('spawn_agent', { message: 'do sub' }, AGENTS)];
    if (waited !== undefined) return [text('it is done')];
    return [functionCall('wait_agent', { targets: UUID.exec(begun.output)?.slice(0, 1) }, AGENTS)];
  }, says('my part')),
  play: takeTurns(['go']),
};

export const TURNS: readonly CodexScenario[] = [
  simple(),
  multiTurn,
  steer,
  steerCommand,
  secondSubmit,
  queue,
  question,
  planUpdate,
  todo,
  planMode,
  webSearch,
  image,
  compaction,
  compactionByHand,
  background,
  twoThreads,
  goal,
  restarted,
  subAgent,
];
