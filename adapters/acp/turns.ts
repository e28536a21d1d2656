/** How a prompt is handed over, interrupted and brought to its end. */
import { clientMessageIdOf } from '../../machines/domain/effect.ts';
import { failure, RuntimeError, type Failure } from '../../machines/domain/error.ts';
import { keyOf, refusalOf } from '../shared/decline.ts';
import type { EffectOf, TurnEffect } from '../shared/effects.ts';
import { failureOfRequest, isClosed } from '../shared/request-failures.ts';
import { cancelTurn, settleRequests } from './cancelling.ts';
import { failureOfPrompt, isCancelled } from './failures.ts';
import { unmetPolicy } from './policy.ts';
import { promptBlocks } from './requests.ts';
import type { Run } from './run.ts';
import type { RunningTurn, Session } from './sessions.ts';
import { applySettings } from './settings.ts';
import { endOf, errorItem, failed, INTERRUPTED, usageOfAnswer, type TurnEnd } from './translate.ts';
import { promptAnswerSchema, type PromptAnswer } from './wire.ts';

/** Performs an effect on an open session. */
export function performTurn(run: Run, session: Session, effect: TurnEffect): Promise<void> | void {
  switch (effect.type) {
    case 'turn.start':
      return start(run, session, effect);
    case 'turn.compact':
      return session.report(refusalOf(effect, NO_COMPACTION));
    case 'turn.steer':
      return session.report(refusalOf(effect, NO_STEER));
    case 'turn.interrupt':
      return interrupt(session, effect);
    case 'turn.settle':
      return settle(run, session, effect);
  }
}

async function start(run: Run, session: Session, effect: EffectOf<'turn.start'>): Promise<void> {
  const refusal = refusalFor(session, effect);
  if (refusal !== null) return session.report(refusalOf(effect, refusal));
  const turn: RunningTurn = { ...keyOf(effect), nativeTurnId: nativeIdOf(effect), isCancelled: false };
  session.turn = turn;
  try {
    const blocks = await blocksOf(run, effect);
    await applySettings(session, run.host, effect.settings);
    if (session.phase !== 'open') return;
    await prompt(session, turn, blocks);
  } catch (error) {
    if (session.turn === turn) session.turn = null;
    if (!isClosed(error)) session.report(refusalOf(effect, failureOfStart(error)));
  }
}

/** A prompt has no id in the protocol, and its end is the answer to it. */
const nativeIdOf = ({ turnId, attempt }: EffectOf<'turn.start'>): string =>
  clientMessageIdOf(turnId, attempt);

/** The agent says nothing of having taken it; a word of ours to end it follows it on the same pipe, and so reaches it. */
async function prompt(session: Session, turn: RunningTurn, blocks: readonly object[]): Promise<void> {
  const { connectionId, turnId, attempt, nativeTurnId } = turn;
  const ref = { turnId, attempt, nativeTurnId };
  session.isHistory = false;
  session.transcript.begin(ref);
  const asked = session.process.ask({
    method: 'session/prompt',
    params: { sessionId: session.calledId, prompt: blocks },
    answer: promptAnswerSchema,
    timeoutMs: null,
  });
  session.report({ type: 'provider.turnAccepted', connectionId, ...ref });
  session.report({ type: 'provider.turnStarted', connectionId, ...ref, isNew: false });
  if (turn.isCancelled) session.process.notify('session/cancel', { sessionId: session.calledId });
  await asked.then(
    (answer) => finish(session, turn, answer),
    (error: unknown) => fail(session, turn, error),
  );
}

/** What we have ended is interrupted, whatever the agent calls it. */
function finish(session: Session, turn: RunningTurn, answer: PromptAnswer): void {
  const usage = usageOfAnswer(session.usage, answer);
  if (usage !== null) {
    const { connectionId } = session;
    session.usage = usage;
    session.report({ type: 'provider.usageReported', connectionId, usage });
  }
  end(session, turn, turn.isCancelled ? INTERRUPTED : endOf(answer, session.transcript.last));
}

function fail(session: Session, turn: RunningTurn, error: unknown): void {
  if (isClosed(error)) return;
  end(session, turn, turn.isCancelled || isCancelled(error) ? INTERRUPTED : failed(failureOfPrompt(error)));
}

function end(session: Session, turn: RunningTurn, { outcome, failure: cause }: TurnEnd): void {
  if (session.turn !== turn) return;
  const { connectionId, transcript } = session;
  const { turnId, attempt, nativeTurnId } = turn;
  const ref = { turnId, attempt, nativeTurnId };
  session.turn = null;
  settleRequests(session);
  session.report(...transcript.end());
  if (cause !== null) session.report(errorItem(cause, { connectionId, turn: ref, rawRef: '' }));
  session.report({ type: 'provider.turnEnded', connectionId, ...ref, outcome, failure: cause });
}

function interrupt(session: Session, effect: EffectOf<'turn.interrupt'>): void {
  const { turn } = session;
  const { nativeTurnId } = effect;
  // without the provider's id, a start that nobody answered in time: whatever runs is meant
  const isIt = turn !== null && (nativeTurnId === null || nativeTurnId === turn.nativeTurnId);
  if (!isIt) return session.report(refusalOf(effect, NOT_ACTIVE));
  cancelTurn(session);
}

/** Agents end what they run for a turn by themselves; what we run for them is for us to end. */
async function settle(run: Run, session: Session, effect: EffectOf<'turn.settle'>): Promise<void> {
  try {
    if (effect.outcome !== 'completed') await session.terminals.endRunning();
  } finally {
    run.host.settled(session.threadId, effect.turnId, effect.attempt);
  }
}

// ---- what is not taken -------------------------------------------------------------------------------------------

const refused = (code: Failure['code'], message: string): Failure =>
  failure(code, message, { class: 'validation' });

const NO_COMPACTION = refused('CAPABILITY_UNSUPPORTED', 'ACP has no way to shorten a conversation');
const NO_STEER = refused('STEER_REFUSED', 'agents take no prompt while one runs');
const NO_IMAGES = refused('CAPABILITY_UNSUPPORTED', 'the agent takes no images');
const BUSY = refused('START_REFUSED', 'a prompt runs already; agents take one at a time');
const NOT_ACTIVE = failure('TURN_NOT_ACTIVE', 'no turn runs at the agent', { class: 'provider' });

function refusalFor(
  session: Session,
  { prompt: { attachments }, settings }: EffectOf<'turn.start'>,
): Failure | null {
  if (session.turn !== null) return BUSY;
  const unmet = unmetPolicy(settings.policy);
  if (unmet !== null) return refused('SETTINGS_NOT_APPLIED', unmet);
  return attachments.length > 0 && !session.takesImages ? NO_IMAGES : null;
}

function blocksOf({ host }: Run, { prompt: given }: EffectOf<'turn.start'>): Promise<readonly object[]> {
  const paths = given.attachments.map((attachmentId) => host.attachmentPath(attachmentId));
  if (!paths.every((path) => path !== null))
    throw new RuntimeError('ATTACHMENT_NOT_FOUND', 'an attached image is not stored any more');
  return promptBlocks(given, paths);
}

function failureOfStart(error: unknown): Failure {
  if (error instanceof RuntimeError) return failure(error.code, error.message, { class: 'provider' });
  return failureOfRequest('SETTINGS_NOT_APPLIED', error);
}
