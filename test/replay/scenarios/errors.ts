/** A model that cannot be had. */
import type { CodexScenario } from '../../helpers/record-codex.ts';
import { openText } from '../../model-endpoint/codex-tools.ts';
import { replies, type Script } from '../../model-endpoint/script.ts';
import { drop, httpError, text, type Step } from '../../model-endpoint/step.ts';
import { takeTurns } from './plays.ts';

const error = (code: string) => ({ body: { error: { message: `scripted ${code}`, type: code, code } } });
const always =
  (step: Step): Script =>
  () => [step];
const failing = (scenario: Omit<CodexScenario, 'play'>): CodexScenario => ({
  ...scenario,
  play: takeTurns(['are you there?']),
});

const recovers = failing({
  scenario: 'error-500-recovers',
  title: 'Two server errors, then an answer',
  description: 'codex tries again by itself and says nothing of it; the turn completes',
  script: replies([[httpError(500)], [httpError(500)], [text('here')]]),
});

const serverError = failing({
  scenario: 'error-500',
  title: 'A server error for every try',
  description: 'a notice for each retry that codex tells of; the turn fails, and the thread shows the error',
  script: always(httpError(500)),
});

const unauthorized = failing({
  scenario: 'error-401',
  title: 'A key that is not valid',
  description: 'the turn fails with a failure that a retry does not mend',
  script: always(httpError(401, error('invalid_api_key'))),
});

const rateLimited = failing({
  scenario: 'error-429',
  title: 'A rate limit for every try',
  description: 'the turn fails with a failure that a later retry may mend',
  script: always(httpError(429, error('rate_limit_exceeded'))),
});

const noQuota = failing({
  scenario: 'error-quota',
  title: 'A quota that is used up',
  description: 'codex does not try again; the turn fails for its quota',
  script: always(httpError(429, error('insufficient_quota'))),
});

const overloaded = failing({
  scenario: 'error-overloaded',
  title: 'A provider that is overloaded',
  description: 'the turn fails as overloaded',
  script: always(httpError(503, error('server_is_overloaded'))),
});

const contextFull = failing({
  scenario: 'error-context',
  title: 'A conversation that is too long for the model',
  description: 'codex does not try again; the turn fails for its context',
  script: always(httpError(400, error('context_length_exceeded'))),
});

const dropped = failing({
  scenario: 'stream-dropped',
  title: 'A stream that breaks off in a message, then an answer',
  description: 'codex throws the open message away and asks again; a notice, and the turn completes',
  script: replies([[...openText('half a '), drop()], [text('a whole answer')]]),
});

const endpointDown: CodexScenario = {
  scenario: 'endpoint-down',
  title: 'An endpoint that is down',
  description: 'codex tries again for ever; the turn runs with a notice until it is interrupted',
  script: replies([]),
  play: async (stage) => {
    await stage.endpoint.close();
    await stage.create();
    const { turnId } = await stage.submit('are you there?');
    await stage.completed('notice');
    await stage.do({ type: 'turn.interrupt', turnId });
    await stage.ended(turnId);
  },
};

const endpointDownBounded: CodexScenario = {
  scenario: 'endpoint-down-bounded',
  title: 'An endpoint that is down, for a codex that gives up',
  description: 'the turn fails after the retries',
  home: { features: { unbounded_connection_retries: false } },
  script: replies([]),
  play: async (stage) => {
    await stage.endpoint.close();
    await stage.create();
    await stage.turn('are you there?');
  },
};

export const ERRORS: readonly CodexScenario[] = [
  recovers,
  serverError,
  unauthorized,
  rateLimited,
  noQuota,
  overloaded,
  contextFull,
  dropped,
  endpointDown,
  endpointDownBounded,
];
