/** Turns of claude that somebody ends, or the death of its process, and what goes wrong at the model. */
import type { ClaudeScenario } from '../../helpers/record-claude.ts';
import { bash, openText } from '../../model-endpoint/claude-tools.ts';
import { byUserText, inTurn, replies } from '../../model-endpoint/script.ts';
import { drop, gate, httpError, text, type Step } from '../../model-endpoint/step.ts';
import { says } from './claude-turns.ts';
import { interruptInOpening, restartAfter, takeTurns, interruptAt, killAt, type Place } from './plays.ts';

const others = { hello: says('hello'), 'go on': says('the end') };

const PLACES: readonly Place[] = [
  {
    name: 'streaming',
    script: inTurn([...openText('once upon '), gate('never')]),
    runtimeMode: 'approval-required',
    reach: (stage) => stage.streamed('once upon '),
  },
  {
    name: 'command',
    script: inTurn([bash('touch begun; while true; do sleep 1; done')]),
    runtimeMode: 'full-access',
    reach: (stage) => stage.exists('begun'),
  },
  {
    name: 'approval',
    script: inTurn([bash('touch made')]),
    runtimeMode: 'approval-required',
    reach: (stage) => stage.request(),
  },
];

const LEFT = {
  streaming: 'the open message is',
  command: 'the command is ended with it, and its item is',
  approval: 'the request expires, and the item of the command is',
};

const interrupted = (place: Place): ClaudeScenario => ({
  scenario: `interrupt-${place.name}`,
  title: `An interrupt: ${place.name}`,
  description: `the turn is interrupted; ${LEFT[place.name]} closed; the next prompt completes`,
  script: byUserText({ tell: place.script, ...others }),
  play: interruptAt(place),
});

const killed = (place: Place): ClaudeScenario => ({
  scenario: `killed-${place.name}`,
  title: `claude is killed: ${place.name}`,
  description: `the turn fails with CONNECTION_LOST; ${LEFT[place.name]} unknown; the next prompt resumes and completes`,
  script: byUserText({ tell: place.script, ...others }),
  play: killAt(place, ['hello']),
});

const interruptOpening: ClaudeScenario = {
  scenario: 'interrupt-opening',
  title: 'An interrupt while claude is being started',
  description: 'the prompt never reaches claude; its turn is interrupted, and the next prompt completes',
  script: byUserText(others),
  play: interruptInOpening('hello'),
};

const resume: ClaudeScenario = {
  scenario: 'resume',
  title: 'A thread is resumed after a restart of the server',
  description: 'stopped by the restart; the next prompt opens the same conversation in another process',
  script: byUserText(others),
  play: restartAfter('hello'),
};

const stopped: ClaudeScenario = {
  scenario: 'stop-command',
  title: 'A thread is stopped while a command runs',
  description: 'the command is ended, the process too; the next prompt resumes and completes',
  script: byUserText({
    tell: inTurn([bash('touch begun; while true; do sleep 1; done')]),
    ...others,
  }),
  play: async (stage) => {
    await stage.create({ runtimeMode: 'full-access' });
    await stage.submit('tell');
    await stage.exists('begun');
    await stage.do({ type: 'thread.stop' });
    await stage.status('stopped');
    await stage.turn('go on');
  },
};

/** Bounds the tries of claude, which wait longer each time. */
const FEW = { retryCount: 1 };

const failing = (scenario: string, what: string, reply: readonly Step[]): ClaudeScenario => ({
  scenario,
  title: `The model's end fails: ${what}`,
  description:
    'claude tries again and gives up; the turn fails with a code of its own, the next prompt completes',
  home: FEW,
  script: byUserText({ ask: () => reply, ...others }),
  play: takeTurns(['ask', 'go on']),
});

const recovering = (scenario: string, what: string, first: readonly Step[]): ClaudeScenario => ({
  scenario,
  title: `The model's end recovers: ${what}`,
  description: 'claude tries again; what was streamed before counts no more, and the turn completes',
  home: FEW,
  script: byUserText({ ask: replies([first, [text('the whole')]]) }),
  play: takeTurns(['ask']),
});

export const CLAUDE_ENDS: readonly ClaudeScenario[] = [
  ...PLACES.map(interrupted),
  ...PLACES.map(killed),
  interruptOpening,
  resume,
  stopped,
  failing('error-401', '401', [httpError(401)]),
  failing('error-429', '429', [httpError(429)]),
  failing('error-500', '500', [httpError(500)]),
  recovering('error-500-recovers', '500, once', [httpError(500)]),
  recovering('stream-dropped', 'a stream that breaks off', [...openText('half of '), drop()]),
];
