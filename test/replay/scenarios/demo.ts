/** The recordings that come with the package: what a thread looks like, without an agent. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CodexScenario } from '../../helpers/record-codex.ts';
import type { RecordingStage } from '../../helpers/recording-stage.ts';
import { askUser, openText, runCommand } from '../../model-endpoint/codex-tools.ts';
import { replies } from '../../model-endpoint/script.ts';
import {
  customToolCall,
  delay,
  event,
  functionCall,
  gate,
  httpError,
  reasoning,
  text,
  type Step,
} from '../../model-endpoint/step.ts';

/** About as fast as a model writes. */
const PACE = { chunkLength: 12, delayMs: 45 };
const says = (content: string): Step => text(content, { ...PACE, phase: 'final_answer' });
const remarks = (content: string): Step => text(content, { ...PACE, phase: 'commentary' });
const thinks = (summary: string): Step[] => [delay(400), reasoning(summary), delay(400)];

const runTests = functionCall('exec_command', {
  cmd: 'node --test',
  yield_time_ms: 20_000,
  sandbox_permissions: 'require_escalated',
  justification: 'The test runner starts processes of its own. May it?',
});

const SUM = 'export const sum = (numbers) => numbers.reduce((total, each) => total - each, 0);\n';
const TEST = `import assert from 'node:assert';
import test from 'node:test';
import { sum } from './sum.mjs';

test('adds numbers', () => assert.equal(sum([1, 2, 3]), 6));
`;
const PATCH = `*** Begin Patch
*** Update File: sum.mjs
@@
-export const sum = (numbers) => numbers.reduce((total, each) => total - each, 0);
+export const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);
*** End Patch`;
const STEPS = ['find the defect', 'mend it', 'run the tests'];
const plan = (doneCount: number): Step =>
  functionCall('update_plan', {
    plan: STEPS.map((step, index) => ({
      step,
      status: index < doneCount ? 'completed' : index === doneCount ? 'in_progress' : 'pending',
    })),
  });

function writeProject({ workspace }: RecordingStage): void {
  writeFileSync(join(workspace, 'sum.mjs'), SUM);
  writeFileSync(join(workspace, 'sum.test.mjs'), TEST);
}

const codingTask = (
  decision: 'accept' | 'decline' | 'cancel',
  end: readonly (readonly Step[])[],
): CodexScenario => ({
  scenario: 'coding-task',
  branch: decision,
  title: 'A coding task: mends a defect, and asks before it runs the tests',
  home: { tables: '[tools]\nupdate_plan = { enabled = true }' },
  description: `a plan, a command, a change and an approval, which is answered with ${decision}`,
  script: replies([
    [...thinks('Reading the code first'), remarks('I will look at the code first.'), plan(0)],
    [runCommand('cat sum.mjs sum.test.mjs')],
    [
      remarks('`sum` subtracts where it should add. I mend that.'),
      plan(1),
      customToolCall('apply_patch', PATCH),
    ],
    [remarks('Now the tests; they need a process of their own.'), plan(2), runTests],
    ...end,
  ]),
  play: async (stage) => {
    writeProject(stage);
    await stage.create({ runtimeMode: 'auto-accept-edits' });
    const { turnId } = await stage.submit('The test of sum fails. Please mend it.');
    await stage.answer(decision);
    await stage.fact('turn.ended', (fact) => fact.turnId === turnId);
    await stage.settled();
  },
});

const RUNNERS = ['node:test', 'vitest'] as const;

const question = (runner: (typeof RUNNERS)[number]): CodexScenario => ({
  scenario: 'question',
  branch: runner.replace(':', '-'),
  title: 'A question: waits for your choice of a test runner',
  description: `a question with options, answered with ${runner}`,
  script: replies([
    [
      ...thinks('Two runners would do'),
      remarks('Before I add tests I need to know one thing.'),
      askUser('Which test runner?', RUNNERS),
    ],
    [says(`Good, the tests will be written for ${runner}.`)],
  ]),
  play: async (stage) => {
    // only in plan mode may codex 0.169.0 ask without a feature that it warns of
    await stage.create({ runtimeMode: 'auto-accept-edits', interactionMode: 'plan' });
    const { turnId } = await stage.submit('Please add tests.');
    const { requestId, body } = await stage.request();
    const [asked] = body.kind === 'question' ? body.questions : [];
    const answers = { [asked?.questionId ?? '']: [runner] };
    await stage.do({ type: 'request.respond', requestId, answers });
    await stage.fact('turn.ended', (fact) => fact.turnId === turnId);
    await stage.settled();
  },
});

const PLAN = `<proposed_plan>
# Mend sum

1. Let \`sum\` add instead of subtract.
2. Run the tests.
</proposed_plan>`;

const planned: CodexScenario = {
  scenario: 'plan',
  title: 'A plan, and in a second turn its implementation',
  description: 'plan mode, then a prompt in default mode that changes a file',
  script: replies([
    [...thinks('Reading the code first'), runCommand('cat sum.mjs')],
    [remarks('The defect is in one line.\n'), text(PLAN, PACE)],
    [customToolCall('apply_patch', PATCH)],
    [says('Done: `sum` adds now.')],
  ]),
  play: async (stage) => {
    writeProject(stage);
    await stage.create({ runtimeMode: 'auto-accept-edits', interactionMode: 'plan' });
    await stage.turn('How would you mend sum?');
    await stage.do({ type: 'thread.setInteractionMode', interactionMode: 'default' });
    await stage.turn('Do it.');
  },
};

const STORY =
  'Once upon a time there was a thread that went on and on, until somebody stopped it. It had no end of its own. ';

/** More text of the message that is open. */
const goesOn = (content: string): Step[] =>
  content
    .split(/(?<= )/)
    .flatMap((delta): Step[] => [
      delay(90),
      event({ type: 'response.output_text.delta', item_id: 'msg_open', content_index: 0, delta }),
    ]);

const interrupted: CodexScenario = {
  scenario: 'interrupt',
  title: 'A long answer, which goes on until you stop it',
  description: 'streamed text, interrupted by the user',
  script: replies([[...openText('So. '), ...goesOn(STORY.repeat(5)), gate('never')]]),
  play: async (stage) => {
    await stage.create();
    const { turnId } = await stage.submit('Tell me a story without an end.');
    await stage.streamed(STORY.repeat(5));
    await stage.do({ type: 'turn.interrupt' });
    await stage.fact('turn.ended', (fact) => fact.turnId === turnId);
    await stage.settled();
  },
};

const failing: CodexScenario = {
  scenario: 'error',
  title: 'An error: the provider is overloaded, and gives up after its retries',
  description: 'a server error for every try',
  script: () => [delay(500), httpError(503)],
  play: async (stage) => {
    await stage.create();
    await stage.turn('Are you there?');
  },
};

export const DEMO_SCENARIOS: readonly CodexScenario[] = [
  codingTask('accept', [[plan(3)], [says('The defect is mended, and the tests pass.')]]),
  codingTask('decline', [[says('The defect is mended. I have not run the tests, as you wished.')]]),
  codingTask('cancel', []),
  ...RUNNERS.map(question),
  planned,
  interrupted,
  failing,
];
