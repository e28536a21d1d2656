/** Turns of opencode that somebody ends, the death of its process, and a model that cannot be had. */
import type { OpencodeScenario } from '../../helpers/record-opencode.ts';
import { bash } from '../../model-endpoint/opencode-tools.ts';
import { byUserText, replies, type Script } from '../../model-endpoint/script.ts';
import { event, gate, httpError, text, type Step } from '../../model-endpoint/step.ts';
import { says } from './turns.ts';
import { takeTurns, interruptAt, killAt, type Place } from './plays.ts';

const goOn = { 'go on': says('the end') };

const PLACES: readonly Place[] = [
  {
    name: 'streaming',
    script: byUserText({ tell: replies([[text('once upon '), gate('never')]]), ...goOn }),
    runtimeMode: 'auto',
    reach: (stage) => stage.streamed('once upon '),
  },
  {
    name: 'command',
    script: byUserText({ tell: replies([[bash('touch begun; sleep 999')]]), ...goOn }),
    runtimeMode: 'auto',
    reach: async (stage) => {
      await stage.began('command');
      await stage.exists('begun');
    },
  },
  {
    name: 'approval',
    script: byUserText({ tell: replies([[bash('echo made')]]), ...goOn }),
    runtimeMode: 'auto-accept-edits',
    reach: (stage) => stage.request(),
  },
];

const interrupted = (place: Place): OpencodeScenario => ({
  scenario: `interrupt-${place.name}`,
  title: `An interrupt of opencode: ${place.name}`,
  description:
    'opencode says twice that it is idle, and completes its message in between; the next prompt completes',
  script: place.script,
  play: interruptAt(place),
});

const killed = (place: Place): OpencodeScenario => ({
  scenario: `killed-${place.name}`,
  title: `opencode is killed: ${place.name}`,
  description:
    'the turn fails with CONNECTION_LOST, and what was open is unknown; the next prompt resumes and completes',
  script: place.script,
  play: killAt(place),
});

const resume: OpencodeScenario = {
  scenario: 'resume',
  title: 'A thread is resumed after a restart of the server',
  description: 'stopped by the restart; the next prompt opens the same conversation again and completes',
  script: byUserText({ tell: says('once'), ...goOn }),
  play: async (stage) => {
    await stage.create();
    await stage.turn('tell');
    await stage.restart();
    await stage.status('stopped');
    await stage.turn('go on');
  },
};

const always =
  (step: Step): Script =>
  () => [step];
const failing = (scenario: Omit<OpencodeScenario, 'play'>): OpencodeScenario => ({
  ...scenario,
  play: takeTurns(['are you there?']),
});
const AT_ONCE = { headers: { 'retry-after-ms': '10' } };
const error = (code: string) => ({ body: { error: { message: `scripted ${code}`, type: code, code } } });

const ERRORS: readonly OpencodeScenario[] = [
  failing({
    scenario: 'error-500-recovers',
    title: 'Two server errors, then an answer',
    description: 'opencode tries again and says so; the turn completes',
    script: replies([[httpError(500, AT_ONCE)], [httpError(500, AT_ONCE)], [text('here')]]),
  }),
  failing({
    scenario: 'error-500',
    title: 'A server error for every try',
    description: 'one notice for all tries; the turn fails, and the thread shows the error',
    script: always(httpError(500, AT_ONCE)),
  }),
  failing({
    scenario: 'error-401',
    title: 'A key that is not valid',
    description: 'the turn fails with a failure that a retry does not mend',
    script: always(httpError(401, error('invalid_api_key'))),
  }),
  failing({
    scenario: 'error-quota',
    title: 'No money left',
    description: 'opencode tries in vain; the turn fails with what the model said',
    script: always(httpError(429, { ...AT_ONCE, ...error('insufficient_quota') })),
  }),
  failing({
    scenario: 'length',
    title: 'An answer that is too long',
    description: 'what was said is kept, and the turn fails',
    script: always(event({ type: 'finish', reason: 'length' })),
  }),
];

const unknownModel: OpencodeScenario = {
  scenario: 'unknown-model',
  title: 'A model that is not there',
  description: 'opencode takes the prompt and fails at once; the next one, with another model, completes',
  script: byUserText(goOn),
  play: async (stage) => {
    await stage.create({ model: 'stub/nothing' });
    await stage.turn('tell');
    await stage.turn('go on', { model: 'stub/scripted' });
  },
};

const unknownAgent: OpencodeScenario = {
  scenario: 'unknown-agent',
  title: 'An agent that is not there',
  description: 'opencode takes the prompt and says only that it has failed',
  script: byUserText(goOn),
  play: takeTurns(['tell'], { options: { agent: 'nobody' } }),
};

export const OPENCODE_ENDS: readonly OpencodeScenario[] = [
  ...PLACES.map(interrupted),
  ...PLACES.map(killed),
  resume,
  ...ERRORS,
  unknownModel,
  unknownAgent,
];
