/** How a prompt is handed over, steered, interrupted and brought to its end. */
import { z } from 'zod';
import { clientMessageIdOf } from '../../machines/domain/effect.ts';
import { failure, type Failure } from '../../machines/domain/error.ts';
import type { Prompt } from '../../machines/domain/turn.ts';
import { keyOf, refusalOf } from '../shared/decline.ts';
import type { EffectOf, TurnEffect } from '../shared/effects.ts';
import { failureOfRequest, isClosed, isRefusal } from '../shared/request-failures.ts';
import { launchMode } from './launch.ts';
import { unmetPolicy } from './policy.ts';
import { messageOf, messageUuid, OPTIONS, userMessage, wanted, type InEffect } from './requests.ts';
import type { Run } from './run.ts';
import type { Session } from './sessions.ts';

/** Performs an effect on an open session. */
export function performTurn(run: Run, session: Session, effect: TurnEffect): Promise<void> | void {
  switch (effect.type) {
    case 'turn.start':
      return start(run, session, effect);
    case 'turn.compact':
      return compact(session, effect);
    case 'turn.steer':
      return steer(run, session, effect);
    case 'turn.interrupt':
      return interrupt(run, session, effect);
    case 'turn.settle':
      // claude ends the tools of an interrupted turn by itself; background work is not the turn's
      return run.host.settled(session.threadId, effect.turnId, effect.attempt);
  }
}

async function start(run: Run, session: Session, effect: EffectOf<'turn.start'>): Promise<void> {
  const { prompt, settings, clientMessageId } = effect;
  const unmet = unmetPolicy(settings.policy);
  if (unmet !== null) return session.report(refusalOf(effect, notApplied(unmet)));
  warnOfOptions(run, effect);
  try {
    const uuid = messageUuid(clientMessageId);
    const message = await messageFor(run, prompt, uuid);
    if (message === null) return session.report(refusalOf(effect, NO_IMAGE));
    await apply(run, session, wanted(settings));
    session.report(...session.prompts.sent({ uuid, key: { ...effect, nativeTurnId: uuid }, steerId: null }));
    session.process.say(message);
  } catch (error) {
    if (isClosed(error)) return;
    session.report(refusalOf(effect, failureOfRequest('SETTINGS_NOT_APPLIED', error)));
  }
}

/** A command of claude's own, which is given as a prompt; its turn is the compaction. */
function compact(session: Session, effect: EffectOf<'turn.compact'>): void {
  const uuid = messageUuid(clientMessageIdOf(effect.turnId, effect.attempt));
  const key = { ...keyOf(effect), nativeTurnId: uuid };
  session.compaction = { uuid, error: null };
  session.report(...session.prompts.sent({ uuid, key, steerId: null }));
  session.process.say(messageOf('/compact', uuid));
}

/** The message joins the running turn at its next step; claude reads it as soon as a tool is done, or the reply. */
async function steer(run: Run, session: Session, effect: EffectOf<'turn.steer'>): Promise<void> {
  const { steer: prompt, clientMessageId } = effect;
  const uuid = messageUuid(clientMessageId);
  const message = await messageFor(run, prompt, uuid).catch(() => null);
  if (message === null) return session.report(refusalOf(effect, NO_IMAGE));
  if (!isCurrent(session, effect)) return session.report(refusalOf(effect, NOT_RUNNING));
  if (session.isCompacting) return session.report(refusalOf(effect, COMPACTING));
  session.process.say(message);
  session.report(...session.prompts.sent({ uuid, key: keyOf(effect), steerId: prompt.turnId }));
}

/** Messages that claude has not read are taken back with the turn: they would begin one of their own. */
async function interrupt(run: Run, session: Session, effect: EffectOf<'turn.interrupt'>): Promise<void> {
  const { prompts, process } = session;
  const isStarted = isCurrent(session, effect);
  const isUnread = prompts.waiting.length > 0;
  if (!isStarted && !isUnread) return session.report(refusalOf(effect, NOT_ACTIVE));
  const takenBack = prompts.waiting.map((uuid) =>
    process.ask({
      subtype: 'cancel_async_message',
      params: { message_uuid: uuid },
      answer: z.looseObject({ cancelled: z.boolean() }),
    }),
  );
  try {
    if (isStarted) {
      for (const { transcript } of session.speakers) transcript.interrupted();
      await process.ask({ subtype: 'interrupt', params: { cancel_queued: true }, answer: z.unknown() });
    }
    await Promise.all(takenBack);
  } catch (error) {
    if (isClosed(error)) return;
    if (isRefusal(error)) session.report(refusalOf(effect, failureOfRequest('TURN_NOT_ACTIVE', error)));
    else run.host.warn('claude did not answer as it should', { error: String(error) });
  }
}

/** Without the provider's id, a start that nobody answered in time: whatever runs is meant. */
const isCurrent = ({ prompts }: Session, { nativeTurnId }: TurnEffect): boolean =>
  prompts.isRunning && (nativeTurnId === null || nativeTurnId === prompts.current.nativeTurnId);

/** `null`: an image of it is not stored any more. */
async function messageFor({ host }: Run, prompt: Prompt, uuid: string): Promise<object | null> {
  const paths = prompt.attachments.map((attachmentId) => host.attachmentPath(attachmentId));
  if (!paths.every((path) => path !== null)) return null;
  return userMessage(prompt, paths, uuid);
}

/** Claude keeps what it was set to; only a change is said. @throws {JsonRpcError} when it is refused or gets lost */
async function apply(run: Run, session: Session, want: InEffect): Promise<void> {
  const { process } = session;
  const answer = z.unknown();
  const has = session.inEffect;
  if (want.model !== has.model) {
    await process.ask({ subtype: 'set_model', params: { model: want.model }, answer });
    session.inEffect = { ...session.inEffect, model: want.model };
  }
  if (want.effort !== has.effort) {
    const settings = { effortLevel: want.effort };
    await process.ask({ subtype: 'apply_flag_settings', params: { settings }, answer });
    session.inEffect = { ...session.inEffect, effort: want.effort };
  }
  const permissionMode = launchMode(want.permissionMode, run.spec.env);
  if (
    permissionMode !== session.inEffect.permissionMode ||
    isPlanning(session) !== (permissionMode === 'plan')
  ) {
    await process.ask({ subtype: 'set_permission_mode', params: { mode: permissionMode }, answer });
  }
  session.inEffect = { ...session.inEffect, permissionMode, asks: want.asks };
}

/** What a person has granted for the session stays; whether claude plans is for the thread to say. */
const isPlanning = (session: Session): boolean => session.permissionMode === 'plan';

const NO_IMAGE = failure('ATTACHMENT_NOT_FOUND', 'an attached image is not stored any more', {
  class: 'validation',
});
const notApplied = (unmet: string): Failure => failure('SETTINGS_NOT_APPLIED', unmet, { class: 'provider' });
const NOT_RUNNING: Failure = failure('STEER_REFUSED', 'the turn is over at claude', { class: 'provider' });
const COMPACTING: Failure = failure('STEER_REFUSED', 'a compaction takes no message', { class: 'provider' });
const NOT_ACTIVE: Failure = failure('TURN_NOT_ACTIVE', 'no turn runs at claude', { class: 'provider' });

function warnOfOptions({ host }: Run, { settings }: EffectOf<'turn.start'>): void {
  const unknown = Object.keys(settings.options).filter((name) => !OPTIONS.has(name));
  if (unknown.length > 0) host.warn('claude has no such options', { options: unknown });
}
