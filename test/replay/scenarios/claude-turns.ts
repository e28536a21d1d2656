/** Turns of claude as they go when nothing is in their way. */
import { join } from 'node:path';
import type { ClaudeScenario } from '../../helpers/record-claude.ts';
import { agent, bash, openText } from '../../model-endpoint/claude-tools.ts';
import type { ParsedRequest } from '../../model-endpoint/parse-request.ts';
import { byUserText, inTurn, replies, type Script } from '../../model-endpoint/script.ts';
import { event, functionCall, gate, text, type Step } from '../../model-endpoint/step.ts';
import {
  answerQuestions,
  compactBetween,
  queueTwo,
  steerByRestart,
  steerInCommand,
  takeTurns,
} from './plays.ts';
import { simple } from './turns.ts';

export const says = (content: string): Script => inTurn([text(content)]);

/** The end of background work comes as a message of claude's own. */
const isAfterTask = ({ input }: ParsedRequest): boolean =>
  JSON.stringify(input.at(-1)).includes('task-notification');

const UNTIL_GO = 'echo begun; while [ ! -e go ]; do sleep 0.1; done; echo done';

const multiTurn: ClaudeScenario = {
  scenario: 'multi-turn',
  title: 'Three turns on one connection',
  description: 'each completes; one process serves all, and the usage counts all of them',
  script: replies([[text('one')], [text('two')], [text('three')]]),
  play: takeTurns(['first', 'second', 'third']),
};

const steer: ClaudeScenario = {
  scenario: 'steer',
  title: 'A steer in the middle of a message',
  description: 'claude finishes the message and reads the steer then; both results are one turn',
  script: byUserText({
    go: inTurn([text('one way '), gate('on'), text('to the end')]),
    'turn left': says('left it is'),
  }),
  play: async (stage) => {
    await stage.create();
    const { turnId } = await stage.submit('go');
    await stage.streamed('one way ');
    await stage.submit('turn left', { mode: 'steer', turnId });
    await stage.fact('turn.steered');
    stage.endpoint.gate('on').release();
    await stage.ended(turnId);
  },
};

const steerCommand: ClaudeScenario = {
  scenario: 'steer-in-command',
  title: 'A steer while a command runs',
  description: 'the message waits for the end of the command, and joins the turn with its result',
  script: byUserText({ run: inTurn([bash(UNTIL_GO)]), 'and then?': says('that was it') }),
  play: steerInCommand,
};

const restarted: ClaudeScenario = {
  scenario: 'steer-by-restart',
  title: 'A prompt that takes the place of the running one',
  description: 'the running turn is interrupted, the other prompt runs next and completes',
  script: byUserText({
    go: inTurn([...openText('one way '), gate('never')]),
    'turn left': says('left it is'),
  }),
  play: steerByRestart,
};

const queue: ClaudeScenario = {
  scenario: 'queue',
  title: 'Two prompts wait for the end of a turn',
  description: 'each runs as a turn of its own, in their order, once the turn before has completed',
  script: byUserText({
    one: inTurn([gate('go'), text('first')]),
    two: says('second'),
    three: says('third'),
  }),
  play: queueTwo,
};

const task = (subject: string): Step =>
  functionCall('TaskCreate', { subject, description: subject, activeForm: subject });
const todo: ClaudeScenario = {
  scenario: 'todo',
  title: 'A list of things to do',
  description: 'tasks are made and moved on one by one; the list is the plan of the thread, whole each time',
  script: inTurn(
    [task('first')],
    [task('second')],
    [functionCall('TaskUpdate', { taskId: '1', status: 'in_progress' })],
    [functionCall('TaskUpdate', { taskId: '1', status: 'completed' })],
    [text('half done')],
  ),
  play: takeTurns(['go']),
};

const subAgent: ClaudeScenario = {
  scenario: 'sub-agent',
  title: 'A sub-agent that begins another one',
  description: 'what each says and does stands under its item; all come to their end, and the turn completes',
  script: byUserText({
    go: inTurn([agent('outer job')], [text('main is done')]),
    'outer job': inTurn([text('outer begins'), agent('inner job')], [text('outer is done')]),
    'inner job': inTurn([bash('echo inner')], [text('inner is done')]),
  }),
  play: takeTurns(['go'], { runtimeMode: 'full-access' }),
};

const backgroundCommand: ClaudeScenario = {
  scenario: 'background-command',
  title: 'A command that outlives its turn',
  description: 'it stays open over the turn; its end makes claude begin a turn of its own, which completes',
  script: (request) =>
    isAfterTask(request)
      ? [text('it has ended')]
      : inTurn([bash(UNTIL_GO, { run_in_background: true })], [text('it runs')])(request),
  play: async (stage) => {
    await stage.create({ runtimeMode: 'full-access' });
    await stage.turn('go');
    stage.write('go');
    const { turnId } = await stage.fact('turn.began', ({ origin }) => origin === 'provider');
    await stage.ended(turnId);
  },
};

const backgroundAgent: ClaudeScenario = {
  scenario: 'background-agent',
  title: 'A sub-agent that asks when its turn is over',
  description:
    'the request belongs to the sub-agent and is answered; its end makes claude begin a turn of its own',
  script: (request) =>
    isAfterTask(request)
      ? [text('well done')]
      : byUserText({
          go: inTurn([agent('the job', { run_in_background: true })], [text('it is on')]),
          'the job': inTurn([gate('job'), bash('touch made')], [text('job done')]),
        })(request),
  play: async (stage) => {
    await stage.create();
    await stage.turn('go');
    stage.endpoint.gate('job').release();
    await stage.answer('accept');
    const { turnId } = await stage.fact('turn.began', ({ origin }) => origin === 'provider');
    await stage.ended(turnId);
  },
};

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const image: ClaudeScenario = {
  scenario: 'image',
  title: 'A prompt with an image',
  description: 'the image goes with the message; the turn completes',
  script: says('one small pixel'),
  attachments: { pixel: Buffer.from(PIXEL, 'base64') },
  play: async (stage) => {
    await stage.create();
    await stage.turn('what is it?', { attachments: ['pixel'] });
  },
};

const summary: Script = ({ userText }) =>
  userText.includes('summary') ? [text('<summary>in short</summary>')] : [text('yes')];

const compaction: ClaudeScenario = {
  scenario: 'compaction',
  title: 'A conversation that is shortened by a command of claude',
  description: 'the prompt /compact is a turn with a compaction, and the next turn completes',
  script: summary,
  play: takeTurns(['one', 'two', '/compact', 'three']),
};

const compactionByHand: ClaudeScenario = {
  scenario: 'compaction-by-hand',
  title: 'A conversation that is shortened on request',
  description: 'a turn of its own, without a prompt; the next turn completes',
  script: summary,
  play: compactBetween('one', 'two'),
};

const fork: ClaudeScenario = {
  scenario: 'fork',
  title: 'A fork of a thread',
  description: 'it begins a conversation of its own; the first one goes on, and its next prompt completes',
  script: ({ userText }) => [text(`answer ${userText}`)],
  play: async (stage) => {
    await stage.create();
    await stage.turn('one');
    await stage.turn('two');
    const now = await stage.create({ options: { forkOf: 't1' } });
    await stage.turn('aside', { threadId: now });
    await stage.turn('three');
  },
};

const cleared: ClaudeScenario = {
  scenario: 'cleared',
  title: 'A conversation that is begun anew',
  description:
    '/clear makes another conversation on the same connection, which is what is resumed after a restart',
  script: () => [text('yes')],
  play: async (stage) => {
    await stage.create();
    await stage.turn('one');
    await stage.turn('/clear');
    await stage.turn('two');
    await stage.restart();
    await stage.turn('three');
  },
};

const modelSwitch: ClaudeScenario = {
  scenario: 'model-switch',
  title: 'Another model, another effort, and back',
  description: 'the change is said to the running process before the next prompt; each turn completes',
  script: () => [text('yes')],
  play: async (stage) => {
    await stage.create();
    await stage.turn('one');
    await stage.do({ type: 'thread.setModel', model: 'haiku', options: { effort: 'low' } });
    await stage.turn('two');
    await stage.do({ type: 'thread.setModel', model: null, options: {} });
    await stage.turn('three');
  },
};

const twoThreads: ClaudeScenario = {
  scenario: 'two-threads',
  title: 'Two threads at once',
  description: 'each has a process of its own; both turns complete',
  script: byUserText({
    left: inTurn([text('left begins '), gate('left'), text('and ends')]),
    right: inTurn([gate('right'), text('right ends')]),
  }),
  play: async (stage) => {
    const [left, right] = [await stage.create(), await stage.create()];
    const first = await stage.submit('left', { threadId: left });
    await stage.streamed('left begins ', left);
    const second = await stage.submit('right', { threadId: right });
    await stage.endpoint.gate('right').reached;
    stage.endpoint.gate('right').release();
    await stage.ended(second.turnId, right);
    stage.endpoint.gate('left').release();
    await stage.ended(first.turnId, left);
  },
};

const FOUND = { type: 'web_search_result', title: 'Found', url: 'https://example.org/', page_age: null };
/** What the model's end does itself when it is given a search. */
const SEARCHED: readonly Step[] = [
  {
    type: 'content_block_start',
    index: 0,
    content_block: { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} },
  },
  {
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'input_json_delta', partial_json: '{"query":"threads"}' },
  },
  { type: 'content_block_stop', index: 0 },
  {
    type: 'content_block_start',
    index: 1,
    content_block: {
      type: 'web_search_tool_result',
      tool_use_id: 'srvtoolu_1',
      content: [{ ...FOUND, encrypted_content: 'eA==' }],
    },
  },
  { type: 'content_block_stop', index: 1 },
  { type: 'content_block_start', index: 2, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 2, delta: { type: 'text_delta', text: 'there is one' } },
  { type: 'content_block_stop', index: 2 },
].map((each) => event(each));

const isSearch = ({ raw }: ParsedRequest): boolean => JSON.stringify(raw['tools']).includes('"web_search_');

const webSearch: ClaudeScenario = {
  scenario: 'web-search',
  title: 'A search in the web',
  description: 'a web search item with its query and what was found; the turn completes',
  script: (request) =>
    isSearch(request)
      ? SEARCHED
      : inTurn([functionCall('WebSearch', { query: 'threads' })], [text('I found it')])(request),
  play: takeTurns(['look it up'], { runtimeMode: 'full-access' }),
};

const TINY = join(import.meta.dirname, '..', '..', 'fixtures', 'tiny-mcp.mjs');
export const MCP = { mcpServers: { tiny: { type: 'stdio', command: process.execPath, args: [TINY] } } };

const mcpCall: ClaudeScenario = {
  scenario: 'mcp-call',
  title: 'A tool of an MCP server, and one that fails',
  description: 'both are asked about; the first completes, the second fails; the turn completes',
  home: MCP,
  script: inTurn(
    [functionCall('mcp__tiny__echo', { word: 'hi' })],
    [functionCall('mcp__tiny__fail', {})],
    [text('done')],
  ),
  play: async (stage) => {
    await stage.create();
    const { turnId } = await stage.submit('use them');
    await stage.answer('accept');
    await stage.answer('accept', { number: 2 });
    await stage.ended(turnId);
  },
};

const FORM = {
  type: 'object',
  properties: { name: { type: 'string' }, count: { type: 'integer' } },
  required: ['name'],
};
const mcpElicitation: ClaudeScenario = {
  scenario: 'mcp-elicitation',
  title: 'An MCP server has a form filled in',
  description: 'its fields are questions; the answers go back as values of the form, and the turn completes',
  home: MCP,
  script: inTurn([functionCall('mcp__tiny__ask', { schema: FORM })], [text('done')]),
  play: answerQuestions({ name: ['Ada'], count: ['3'] }, 'ask', { runtimeMode: 'full-access' }),
};

export const CLAUDE_TURNS: readonly ClaudeScenario[] = [
  simple(),
  multiTurn,
  steer,
  steerCommand,
  restarted,
  queue,
  todo,
  subAgent,
  backgroundCommand,
  backgroundAgent,
  image,
  compaction,
  compactionByHand,
  fork,
  cleared,
  modelSwitch,
  twoThreads,
  webSearch,
  mcpCall,
  mcpElicitation,
];
