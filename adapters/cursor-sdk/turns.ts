/** How a prompt is handed over, steered and interrupted. */
import { isDeepStrictEqual } from 'node:util';
import { failure, RuntimeError, type Failure } from '../../machines/domain/error.ts';
import { keyOf, refusalOf } from '../shared/decline.ts';
import type { EffectOf, TurnEffect } from '../shared/effects.ts';
import { failureOfRequest, isClosed } from '../shared/request-failures.ts';
import { failureOfSend } from './failures.ts';
import { policyFor } from './policy.ts';
import { imagesOf, modelFor, NO_MODEL, openParams, sendParams, unknownOptions } from './requests.ts';
import type { Run } from './run.ts';
import type { RunningTurn, Session } from './sessions.ts';
import { cancelledSchema, doneSchema, sentSchema, steeredSchema } from './wire.ts';

/** Performs an effect on an open session. */
export function performTurn(run: Run, session: Session, effect: TurnEffect): Promise<void> | void {
  switch (effect.type) {
    case 'turn.start':
      return start(run, session, effect);
    case 'turn.compact':
      return session.report(refusalOf(effect, NO_COMPACTION));
    case 'turn.steer':
      return steer(session, effect);
    case 'turn.interrupt':
      return interrupt(run, session, effect);
    case 'turn.settle':
      // a run is over when its tools are
      return run.host.settled(session.threadId, effect.turnId, effect.attempt);
  }
}

async function start(run: Run, session: Session, effect: EffectOf<'turn.start'>): Promise<void> {
  if (session.turn !== null) return session.report(refusalOf(effect, BUSY));
  const turn: RunningTurn = { ...keyOf(effect), key: effect.clientMessageId, nativeTurnId: null };
  session.turn = turn;
  warnOfOptions(run, effect);
  try {
    const params = await paramsFor(run, effect);
    await applyPolicy(run, session, effect);
    const { runId } = await session.process.ask({ method: 'send', params, answer: sentSchema });
    turn.nativeTurnId = runId;
    const ref = { ...keyOf(turn), nativeTurnId: runId };
    session.report({ type: 'provider.turnAccepted', ...ref });
    session.report({ type: 'provider.turnStarted', ...ref, isNew: false });
  } catch (error) {
    if (session.turn === turn) session.turn = null;
    if (!isClosed(error)) session.report(refusalOf(effect, failureOfStart(error)));
  }
}

/** @throws {RuntimeError} ATTACHMENT_NOT_FOUND, SETTINGS_NOT_APPLIED without a model */
async function paramsFor({ host, models }: Run, effect: EffectOf<'turn.start'>): Promise<object> {
  const { prompt, settings, clientMessageId: key } = effect;
  const paths = prompt.attachments.map((attachmentId) => host.attachmentPath(attachmentId));
  if (!paths.every((path) => path !== null)) throw new RuntimeError('ATTACHMENT_NOT_FOUND', NO_IMAGE);
  const model = modelFor(settings, models);
  if (model === null) throw new RuntimeError('SETTINGS_NOT_APPLIED', NO_MODEL);
  const mode = settings.interactionMode === 'plan' ? 'plan' : 'agent';
  return sendParams(prompt, { key, images: await imagesOf(paths), model, mode });
}

/** The SDK is told them with the agent, not with a prompt: the agent is opened anew. */
async function applyPolicy(run: Run, session: Session, { settings }: EffectOf<'turn.start'>): Promise<void> {
  const policy = policyFor(settings);
  if (isDeepStrictEqual(policy, session.policy)) return;
  const { agentId, cwd } = session;
  const model = modelFor(settings, run.models)?.id ?? '';
  const params = openParams({ agentId, isNew: false, cwd, model, policy });
  await session.process.ask({ method: 'open', params, answer: doneSchema });
  session.policy = policy;
}

/** The SDK answers when the model has the text, or when it is clear that the run will not take it. */
async function steer(session: Session, effect: EffectOf<'turn.steer'>): Promise<void> {
  const { steer: prompt } = effect;
  const { turn } = session;
  if (!isIt(turn, effect)) return session.report(refusalOf(effect, NOT_RUNNING));
  if (prompt.attachments.length > 0) return session.report(refusalOf(effect, NO_IMAGES));
  try {
    const params = { key: turn.key, text: prompt.text };
    const { outcome } = await session.process.ask({ method: 'steer', params, answer: steeredSchema });
    if (outcome !== 'complete_delivered') return session.report(refusalOf(effect, NOT_TAKEN));
    session.report({ type: 'provider.steerAccepted', ...keyOf(effect), steerId: prompt.turnId });
  } catch (error) {
    if (!isClosed(error)) session.report(refusalOf(effect, failureOfRequest('STEER_REFUSED', error)));
  }
}

/** The end of the run is told like any other. */
async function interrupt(run: Run, session: Session, effect: EffectOf<'turn.interrupt'>): Promise<void> {
  const { turn } = session;
  if (!isIt(turn, effect)) return session.report(refusalOf(effect, NOT_ACTIVE));
  try {
    const params = { key: turn.key };
    const { isRunning } = await session.process.ask({ method: 'cancel', params, answer: cancelledSchema });
    if (!isRunning) session.report(refusalOf(effect, NOT_ACTIVE));
  } catch (error) {
    // whoever waits for the end of the turn closes the connection when it does not come
    if (!isClosed(error)) run.host.warn('cursor did not cancel as it should', { error: String(error) });
  }
}

/** Without the SDK's id, a start that nobody answered in time: whatever runs is meant. */
const isIt = (turn: RunningTurn | null, { nativeTurnId }: TurnEffect): turn is RunningTurn =>
  turn !== null && (nativeTurnId === null || nativeTurnId === turn.nativeTurnId);

// ---- what is not taken -------------------------------------------------------------------------------------------

const refused = (code: Failure['code'], message: string, by: Failure['class'] = 'validation'): Failure =>
  failure(code, message, { class: by });

const NO_IMAGE = 'an attached image is not stored any more';
const NO_COMPACTION = refused('CAPABILITY_UNSUPPORTED', 'cursor shortens a conversation by itself only');
const BUSY = refused('START_REFUSED', 'a prompt runs already; an agent takes one at a time');
const NO_IMAGES = refused('STEER_REFUSED', 'a running turn takes no images');
const NOT_RUNNING = refused('STEER_REFUSED', 'the turn is over at cursor', 'provider');
const NOT_TAKEN = refused('STEER_REFUSED', 'the run of cursor did not take the message in', 'provider');
const NOT_ACTIVE = refused('TURN_NOT_ACTIVE', 'no turn runs at cursor', 'provider');

const failureOfStart = (error: unknown): Failure =>
  error instanceof RuntimeError
    ? failure(error.code, error.message, { class: 'provider' })
    : failureOfSend(error);

function warnOfOptions({ host, models }: Run, { settings }: EffectOf<'turn.start'>): void {
  const unknown = unknownOptions(settings, models);
  if (unknown.length > 0) host.warn('the model of cursor has no such options', { options: unknown });
}
