/** What claude asks a person, and what it does with the answer. */
import type { ClaudeScenario } from '../../helpers/record-claude.ts';
import { askUser, bash, writeFile } from '../../model-endpoint/claude-tools.ts';
import type { ParsedRequest } from '../../model-endpoint/parse-request.ts';
import { byUserText, inTurn, type Script } from '../../model-endpoint/script.ts';
import { functionCall, text } from '../../model-endpoint/step.ts';
import { says } from './claude-turns.ts';
import { answerQuestions, answerRequest, takeTurns } from './plays.ts';

const done = [text('done')];

/** Files are named whole; the folder that claude works in stands in what it tells the model. */
function inFolder({ raw }: ParsedRequest, name: string): string {
  const folder = /working directory: ([^\s"\\]+)/.exec(JSON.stringify(raw))?.[1] ?? '';
  return `${folder}/${name}`;
}

/** Claude names the file of the plan in the prompt. */
const planFileIn = ({ raw }: ParsedRequest): string =>
  /(\/[^\s`"\\]*plans\/[^\s`"\\]+\.md)/.exec(JSON.stringify(raw))?.[1] ?? '';

function command(decision: 'accept' | 'decline' | 'cancel', what: string): ClaudeScenario {
  const names = { accept: 'accepted', decline: 'declined', cancel: 'cancelled' } as const;
  return {
    scenario: `command-${names[decision]}`,
    title: `A command that is ${names[decision]}`,
    description: what,
    script: byUserText({ run: inTurn([bash('echo hi | tee made')], done), next: says('next') }),
    play: async (stage) => {
      await stage.create();
      const { turnId } = await stage.submit('run');
      await stage.answer(decision);
      await stage.ended(turnId);
      await stage.turn('next');
    },
  };
}

const forSession: ClaudeScenario = {
  scenario: 'command-for-session',
  title: 'A change of a file that is accepted for the session',
  description: 'the next one is not asked about',
  script: (request) =>
    inTurn(
      [writeFile(inFolder(request, 'one.txt'), 'one')],
      [writeFile(inFolder(request, 'two.txt'), 'two')],
      done,
    )(request),
  play: answerRequest('acceptForSession', 'write'),
};

const write: ClaudeScenario = {
  scenario: 'write',
  title: 'A new file without leave',
  description: 'in a mode that lets edits pass nobody is asked',
  script: (request) => inTurn([writeFile(inFolder(request, 'new.txt'), 'content')], done)(request),
  play: takeTurns(['write it'], { runtimeMode: 'auto-accept-edits' }),
};

const twoRequests: ClaudeScenario = {
  scenario: 'two-approvals',
  title: 'Two calls in one reply',
  description: 'claude asks one after the other; one is accepted, one is declined; the turn completes',
  script: inTurn([bash('touch one'), bash('touch two')], [], done),
  play: async (stage) => {
    await stage.create();
    const { turnId } = await stage.submit('run');
    await stage.answer('accept');
    await stage.answer('decline', { number: 2 });
    await stage.ended(turnId);
  },
};

const question: ClaudeScenario = {
  scenario: 'question',
  title: 'A question with options',
  description: 'the turn waits for the answer, which is delivered, and completes',
  script: inTurn([askUser('Which colour?', ['red', 'blue'])], [text('as you like')]),
  play: answerQuestions({ q1: ['blue'] }, 'ask'),
};

const planning: Script = (request) =>
  inTurn(
    [writeFile(inFolder(request, 'made'), 'x'), bash('touch made')],
    [],
    [askUser('How?', ['fast', 'well'])],
    [writeFile(planFileIn(request), '# The plan\n')],
    [functionCall('ExitPlanMode', {})],
    [text('over to you')],
  )(request);

const planMode: ClaudeScenario = {
  scenario: 'plan-mode',
  title: 'A plan with a question, and its implementation',
  description:
    'nothing is changed while it plans: a write outside the file of the plan and a command are declined; the question is answered, the plan handed over, and carried out in the default mode',
  script: byUserText({ plan: planning, 'do it': inTurn([bash('touch made')], done) }),
  play: async (stage) => {
    await stage.create({ interactionMode: 'plan', runtimeMode: 'full-access' });
    const { turnId } = await stage.submit('plan');
    const { requestId } = await stage.request();
    await stage.do({ type: 'request.respond', requestId, answers: { q1: ['well'] } });
    await stage.ended(turnId);
    await stage.do({ type: 'thread.setInteractionMode', interactionMode: 'default' });
    await stage.turn('do it');
  },
};

const readOnly: ClaudeScenario = {
  scenario: 'read-only',
  title: 'A thread that may only read',
  description:
    'nobody is asked: what only looks runs, what changes something is declined; the turn completes',
  script: (request) =>
    inTurn(
      [bash('echo hi'), bash('touch made'), writeFile(inFolder(request, 'x'), 'x')],
      [],
      [],
      done,
    )(request),
  play: takeTurns(['try'], { policy: { approval: 'never', sandbox: 'read-only' } }),
};

export const CLAUDE_REQUESTS: readonly ClaudeScenario[] = [
  command('accept', 'it runs, and the turn completes'),
  command('decline', 'it does not run, and the turn goes on'),
  command('cancel', 'the turn is interrupted with it; the next prompt completes'),
  forSession,
  write,
  twoRequests,
  question,
  planMode,
  readOnly,
];
