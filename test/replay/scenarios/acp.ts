/** Turns of agents that speak ACP: what each does in its own way, beside what all do alike. */
import { GEMINI, OPENCODE, type AcpAgent } from '../../helpers/record-acp.ts';
import type { RecordingStage, Scenario } from '../../helpers/recording-stage.ts';
import { byUserText, type Script } from '../../model-endpoint/script.ts';
import { drop, gate, hang, httpError, reasoning, text, type Step } from '../../model-endpoint/step.ts';
import { answerRequest, planThenAct, takeTurns } from './plays.ts';

const says =
  (content: string): Script =>
  () => [text(content)];
/** The replies to one prompt, by how far its tools have come. */
const inTurn =
  (...inOrder: readonly (readonly Step[])[]): Script =>
  ({ turnToolOutputs }) =>
    inOrder[turnToolOutputs.length] ?? [];
/** opencode has the model make a title beside the first turn. */
const withTitles =
  (script: Script): Script =>
  (request) =>
    request.purpose === 'title' ? [text('a title')] : script(request);

export interface AcpScenario extends Scenario {
  readonly agent: AcpAgent;
}

type Given = Omit<AcpScenario, 'agent' | 'script'> & { readonly script: Readonly<Record<string, Script>> };
const of = (agent: AcpAgent, { script, ...given }: Given): AcpScenario => ({
  agent,
  ...given,
  script: withTitles(byUserText(script)),
});

// gemini asks only about commands that are more than a word of reading
const COMMAND = 'echo ran > made.txt && cat made.txt';

const simple = (agent: AcpAgent): AcpScenario =>
  of(agent, {
    scenario: 'simple',
    title: 'A simple turn',
    description: 'one prompt, some thinking, a streamed answer',
    script: { hello: () => [reasoning('Greeting'), text('Hello from the recording.', { chunkLength: 9 })] },
    play: takeTurns(['hello']),
  });

const multiTurn = (agent: AcpAgent): AcpScenario =>
  of(agent, {
    scenario: 'multi-turn',
    title: 'Two turns and a queued one on one connection',
    description: 'each completes; the queued one begins by itself',
    script: { first: says('one'), second: () => [gate('second'), text('two')], third: says('three') },
    play: async (stage) => {
      await stage.create();
      await stage.turn('first');
      await stage.submit('second');
      const { queueEntryId } = await stage.submit('third', { mode: 'queue' });
      stage.endpoint.gate('second').release();
      await stage.ended(queueEntryId);
    },
  });

const answered = (agent: AcpAgent, decision: 'accept' | 'decline', description: string): AcpScenario =>
  of(agent, {
    scenario: `command-${decision === 'accept' ? 'accepted' : 'declined'}`,
    title: `A command that a person has to ${decision}`,
    description,
    script: { go: inTurn([agent.tools.run(COMMAND)], [text('done')]) },
    play: answerRequest(decision, 'go', { runtimeMode: 'approval-required' }),
  });

const interruptStreaming = (agent: AcpAgent): AcpScenario =>
  of(agent, {
    scenario: 'interrupt-streaming',
    title: 'An interrupt of a stream',
    description: 'the turn ends interrupted, and the next prompt is answered',
    script: { long: () => [text('so far '), hang()], next: says('next') },
    play: async (stage) => {
      await stage.create();
      const { turnId } = await stage.submit('long');
      await stage.streamed('so far ');
      await stage.do({ type: 'turn.interrupt' });
      await stage.ended(turnId);
      await stage.turn('next');
    },
  });

const interruptApproval = (agent: AcpAgent): AcpScenario =>
  of(agent, {
    scenario: 'interrupt-approval',
    title: 'An interrupt while a person is asked',
    description: 'the request is settled with the turn, the command does not run',
    script: { go: inTurn([agent.tools.run(COMMAND)], [text('never')]) },
    play: async (stage) => {
      await stage.create({ runtimeMode: 'approval-required' });
      const { turnId } = await stage.submit('go');
      await stage.request();
      await stage.do({ type: 'turn.interrupt' });
      await stage.ended(turnId);
    },
  });

const edit = (agent: AcpAgent): AcpScenario =>
  of(agent, {
    scenario: 'edit',
    title: 'A new file where edits are accepted',
    description: 'nobody is asked; the change is a file change',
    script: {
      write: ({ turnToolOutputs }) =>
        turnToolOutputs.length === 0 ? [agent.tools.write(pathOf(stageOf), 'new\n')] : [text('wrote')],
    },
    play: async (stage) => {
      stageOf = stage;
      await stage.create({ runtimeMode: 'auto-accept-edits' });
      await stage.turn('write');
    },
  });
/** Paths have to be absolute, and the workspace is made when the scenario begins. */
let stageOf: RecordingStage | null = null;
const pathOf = (stage: RecordingStage | null): string => `${stage?.workspace ?? ''}/new.txt`;

const failed = (agent: AcpAgent): AcpScenario =>
  of(agent, {
    scenario: 'error-401',
    title: 'A model that refuses the key',
    description: 'the turn fails with the reason',
    script: { hello: () => [httpError(401)] },
    play: takeTurns(['hello']),
  });

const killed = (agent: AcpAgent, description: string): AcpScenario =>
  of(agent, {
    scenario: 'killed-streaming',
    title: 'An agent that is killed in a turn',
    description,
    script: { before: says('kept'), long: () => [text('so far '), hang()], after: says('after') },
    play: async (stage) => {
      await stage.create();
      await stage.turn('before');
      const { turnId } = await stage.submit('long');
      await stage.streamed('so far ');
      stage.killAgent();
      await stage.ended(turnId);
      const { outcome } = await stage.turn('after');
      if (outcome !== 'completed') await stage.turn('after');
    },
  });

const planMode = (agent: AcpAgent): AcpScenario =>
  of(agent, {
    scenario: 'plan-mode',
    title: 'A turn that only plans',
    description: 'the mode of the session is changed for the turn and changed back for the next',
    script: { plan: says('first this'), act: says('done') },
    play: planThenAct('plan', 'act'),
  });

const streamDropped = of(GEMINI, {
  scenario: 'stream-dropped',
  title: 'A stream that is lost',
  description: 'gemini fails the turn, and answers the next prompt',
  script: { hello: () => [text('half'), drop()], again: says('whole') },
  play: takeTurns(['hello', 'again']),
});

export const ACP_SCENARIOS: readonly AcpScenario[] = [
  simple(GEMINI),
  multiTurn(GEMINI),
  answered(GEMINI, 'accept', 'the question is the first that is told of the command'),
  answered(GEMINI, 'decline', 'the model goes on; gemini never tells the end of the command'),
  interruptStreaming(GEMINI),
  interruptApproval(GEMINI),
  edit(GEMINI),
  failed(GEMINI),
  streamDropped,
  killed(GEMINI, 'gemini has kept nothing: the session is forgotten, and the next prompt begins a new one'),
  planMode(GEMINI),
  simple(OPENCODE),
  multiTurn(OPENCODE),
];
