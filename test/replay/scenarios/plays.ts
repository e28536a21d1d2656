/** What users do in scenarios of more than one agent. */
import type { RecordingStage, Scenario } from '../../helpers/recording-stage.ts';

type Play = Scenario['play'];
/** What a command says beside what it has to. */
type More = Readonly<Record<string, unknown>>;
type Decision = 'accept' | 'acceptForSession' | 'decline' | 'cancel';

/** A new thread, and prompts one after the other, each to the end of its turn. */
export const takeTurns =
  (prompts: readonly string[], create: More = {}): Play =>
  async (stage) => {
    await stage.create(create);
    for (const prompt of prompts) await stage.turn(prompt);
  };

/** A prompt whose one request to a person is answered. */
export const answerRequest =
  (decision: Decision, prompt: string, create: More = {}): Play =>
  async (stage) => {
    await stage.create(create);
    const { turnId } = await stage.submit(prompt);
    await stage.answer(decision);
    await stage.ended(turnId);
  };

/** A prompt that asks questions, and what is answered to them. */
export const answerQuestions =
  (answers: Readonly<Record<string, readonly string[]>>, prompt: string, create: More = {}): Play =>
  async (stage) => {
    await stage.create(create);
    const { turnId } = await stage.submit(prompt);
    const { requestId } = await stage.request();
    await stage.do({ type: 'request.respond', requestId, answers });
    await stage.ended(turnId);
  };

/** A turn in plan mode, and one in default mode. */
export const planThenAct =
  (plan: string, act: string): Play =>
  async (stage) => {
    await stage.create({ interactionMode: 'plan' });
    await stage.turn(plan);
    await stage.do({ type: 'thread.setInteractionMode', interactionMode: 'default' });
    await stage.turn(act);
  };

/** A compaction between two prompts. */
export const compactBetween =
  (before: string, after: string): Play =>
  async (stage) => {
    await stage.create();
    await stage.turn(before);
    const { turnId } = await stage.do({ type: 'thread.compact' });
    await stage.ended(turnId);
    await stage.turn(after);
  };

/** A steer in the middle of the message `one way `. */
export const steerInMessage: Play = async (stage) => {
  await stage.create();
  const { turnId } = await stage.submit('go');
  await stage.streamed('one way ');
  await stage.submit('turn left', { mode: 'steer', turnId });
  await stage.ended(turnId);
};

/** A steer while a command runs, which ends when there is a file `go`. */
export const steerInCommand: Play = async (stage) => {
  await stage.create({ runtimeMode: 'full-access' });
  const { turnId } = await stage.submit('run');
  await stage.began('command');
  await stage.submit('and then?', { mode: 'steer', turnId });
  await stage.fact('turn.steered');
  stage.write('go');
  await stage.ended(turnId);
};

/** A prompt in the place of a turn in the middle of the message `one way `. */
export const steerByRestart: Play = async (stage) => {
  await stage.create();
  const { turnId } = await stage.submit('go');
  await stage.streamed('one way ');
  const { queueEntryId } = await stage.submit('turn left', { mode: 'restart', turnId });
  await stage.ended(queueEntryId);
};

/** Two prompts that wait for a turn, which waits at the gate `go`. */
export const queueTwo: Play = async (stage) => {
  await stage.create();
  await stage.submit('one');
  await stage.endpoint.gate('go').reached;
  await stage.submit('two', { mode: 'queue' });
  const { queueEntryId } = await stage.submit('three', { mode: 'queue' });
  stage.endpoint.gate('go').release();
  await stage.ended(queueEntryId);
};

/** A place in the turn of the prompt `tell` where it does not end by itself. */
export interface Place {
  readonly name: 'streaming' | 'command' | 'approval';
  readonly script: Scenario['script'];
  readonly runtimeMode: string;
  readonly reach: (stage: RecordingStage) => Promise<unknown>;
}

/** A new thread, with a turn at the place. */
export async function reach(
  stage: RecordingStage,
  place: Place,
  before: readonly string[] = [],
): Promise<string | undefined> {
  await takeTurns(before, { runtimeMode: place.runtimeMode })(stage);
  const { turnId } = await stage.submit('tell');
  await place.reach(stage);
  return turnId;
}

export const interruptAt =
  (place: Place): Play =>
  async (stage) => {
    const turnId = await reach(stage, place);
    await stage.do({ type: 'turn.interrupt', turnId });
    await stage.ended(turnId);
    await stage.turn('go on');
  };

/** `before`: prompts that the agent has answered when it is killed. */
export const killAt =
  (place: Place, before: readonly string[] = []): Play =>
  async (stage) => {
    const turnId = await reach(stage, place, before);
    stage.killAgent();
    await stage.ended(turnId);
    await stage.turn('go on');
  };

/** An interrupt while the agent is being started. */
export const interruptInOpening =
  (prompt: string): Play =>
  async (stage) => {
    await stage.create();
    const { turnId } = await stage.submit(prompt);
    await stage.do({ type: 'turn.interrupt', turnId });
    await stage.ended(turnId);
    await stage.turn('go on');
  };

/** A restart of the server between two prompts. */
export const restartAfter =
  (prompt: string): Play =>
  async (stage) => {
    await stage.create();
    await stage.turn(prompt);
    await stage.restart();
    await stage.turn('go on');
  };
