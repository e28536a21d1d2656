/** Turns and threads that somebody ends, or the death of a process. */
import type { CodexScenario } from '../../helpers/record-codex.ts';
import { openText, runCommand, runEscalated } from '../../model-endpoint/codex-tools.ts';
import { byUserText, replies, type Script } from '../../model-endpoint/script.ts';
import { gate, text } from '../../model-endpoint/step.ts';
import { says } from './turns.ts';
import { interruptInOpening, restartAfter, interruptAt, killAt, reach, type Place } from './plays.ts';

const goOn = { 'go on': says('the end') };
const streaming: Script = byUserText({
  tell: replies([[...openText('once upon '), gate('never')]]),
  ...goOn,
});
const running: Script = byUserText({ tell: replies([[runCommand('touch begun; sleep 999')]]), ...goOn });
const asking: Script = byUserText({ tell: replies([[runEscalated('echo made')]]), ...goOn });

const PLACES: readonly Place[] = [
  {
    name: 'streaming',
    script: streaming,
    runtimeMode: 'approval-required',
    reach: (stage) => stage.streamed('once upon '),
  },
  {
    name: 'command',
    script: running,
    runtimeMode: 'full-access',
    reach: async (stage) => {
      await stage.began('command');
      await stage.exists('begun');
    },
  },
  {
    name: 'approval',
    script: asking,
    runtimeMode: 'auto-accept-edits',
    reach: (stage) => stage.request(),
  },
];

const LEFT = {
  streaming: 'the open message is',
  command: 'the command is ended with it, and its item is',
  approval: 'the request expires, and the item of the command is',
};

const interrupted = (place: Place): CodexScenario => ({
  scenario: `interrupt-${place.name}`,
  title: `An interrupt: ${place.name}`,
  description: `the turn is interrupted; ${LEFT[place.name]} closed; the next prompt completes`,
  script: place.script,
  play: interruptAt(place),
});

const killed = (place: Place): CodexScenario => ({
  scenario: `killed-${place.name}`,
  title: `codex is killed: ${place.name}`,
  description: `the turn fails with CONNECTION_LOST; ${LEFT[place.name]} unknown; the next prompt resumes and completes`,
  script: place.script,
  play: killAt(place),
});

const interruptOpening: CodexScenario = {
  scenario: 'interrupt-opening',
  title: 'An interrupt while codex is being started',
  description: 'the prompt never reaches codex; its turn is interrupted, and the next prompt completes',
  script: byUserText(goOn),
  play: interruptInOpening('tell'),
};

const interruptStarting: CodexScenario = {
  scenario: 'interrupt-before-start',
  title: 'An interrupt before codex has started the turn',
  description: 'it waits for the word of codex that the turn has started, and ends it then',
  script: byUserText({ ...goOn, tell: replies([[gate('never'), text('no')]]) }),
  play: async (stage) => {
    await stage.create();
    await stage.turn('go on');
    const { turnId } = await stage.submit('tell');
    await stage.do({ type: 'turn.interrupt', turnId });
    await stage.ended(turnId);
  },
};

const resume: CodexScenario = {
  scenario: 'resume',
  title: 'A thread is resumed after a restart of the server',
  description: 'stopped by the restart; the next prompt opens the same conversation again and completes',
  script: byUserText({ tell: says('once'), ...goOn }),
  play: restartAfter('tell'),
};

const restartStreaming: CodexScenario = {
  scenario: 'restart-streaming',
  title: 'The server is restarted while codex streams',
  description:
    'the turn is interrupted by the restart, its message closed; the next prompt resumes and completes',
  script: streaming,
  play: async (stage) => {
    await reach(stage, placeOf('streaming'));
    await stage.restart();
    await stage.settled();
    await stage.turn('go on');
  },
};

const stopped: CodexScenario = {
  scenario: 'stop-command',
  title: 'A thread is stopped in a command, with a prompt in the queue',
  description: 'the turn is interrupted, the queue held, the connection closed; resumed, the queue goes on',
  script: running,
  play: async (stage) => {
    await reach(stage, placeOf('command'));
    const { queueEntryId } = await stage.submit('go on', { mode: 'queue' });
    await stage.do({ type: 'thread.stop' });
    await stage.status('stopped');
    await stage.fact('connection.closed');
    await stage.do({ type: 'queue.resume' });
    await stage.ended(queueEntryId);
  },
};

const archived: CodexScenario = {
  scenario: 'archive-active',
  title: 'A thread is archived while its turn runs, and after it',
  description:
    'refused with THREAD_BUSY while it runs, and a prompt with THREAD_ARCHIVED after it; taken out, it resumes',
  script: byUserText({ tell: replies([[gate('go'), text('once')]]), ...goOn }),
  refusals: ['THREAD_BUSY', 'THREAD_ARCHIVED'],
  play: async (stage) => {
    await stage.create();
    const { turnId } = await stage.submit('tell');
    await stage.endpoint.gate('go').reached;
    await stage.refused({ type: 'thread.archive' });
    stage.endpoint.gate('go').release();
    await stage.ended(turnId);
    await stage.do({ type: 'thread.archive' });
    await stage.fact('connection.closed');
    await stage.refused({ type: 'turn.submit', text: 'go on' });
    await stage.do({ type: 'thread.unarchive' });
    await stage.turn('go on');
  },
};

function placeOf(name: Place['name']): Place {
  const found = PLACES.find((place) => place.name === name);
  if (found === undefined) throw new Error(`there is no place ${name}`);
  return found;
}

export const ENDS: readonly CodexScenario[] = [
  ...PLACES.map(interrupted),
  interruptOpening,
  interruptStarting,
  ...PLACES.map(killed),
  resume,
  restartStreaming,
  stopped,
  archived,
];
