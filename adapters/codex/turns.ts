/** How a prompt is handed over, steered, interrupted and brought to its end. */
import { z } from 'zod';
import { failure, type Failure } from '../../machines/domain/error.ts';
import type { AttachmentId } from '../../machines/domain/ids.ts';
import { keyOf, refusalOf } from '../shared/decline.ts';
import type { EffectOf, TurnEffect } from '../shared/effects.ts';
import { failureOfRequest, isClosed, isRefusal } from '../shared/request-failures.ts';
import { endLeftovers, endRunningTurn } from './endings.ts';
import {
  compactThread as compactParams,
  interruptTurn as interruptParams,
  OPTIONS,
  startTurn as startParams,
  steerTurn as steerParams,
} from './requests.ts';
import type { Run } from './run.ts';
import type { Session } from './sessions.ts';
import * as wire from './wire.ts';

/** Performs an effect on an open session. Everything is sent before this returns, so that it keeps its order. */
export function performTurn(run: Run, session: Session, effect: TurnEffect): Promise<void> {
  switch (effect.type) {
    case 'turn.start':
      return start(run, session, effect);
    case 'turn.compact':
      return compact(run, session, effect);
    case 'turn.steer':
      return steer(run, session, effect);
    case 'turn.interrupt':
      return interrupt(run, session, effect);
    case 'turn.settle':
      return settle(run, session, effect);
  }
}

async function start(run: Run, session: Session, effect: EffectOf<'turn.start'>): Promise<void> {
  const { prompt, settings } = effect;
  const imagePaths = pathsOf(run, prompt.attachments);
  if (imagePaths === null) return run.report(session, refusalOf(effect, NO_IMAGE));
  warnOfOptions(run, effect);
  const model = settings.model ?? session.model;
  const effort = (model === session.model ? session.effort : null) ?? defaultEffort(run, model);
  const { nativeThreadId, mode } = session;
  const params = startParams(effect, { nativeThreadId, model: session.model, effort, mode, imagePaths });
  // a refused prompt may have changed the mode; only the default one need not be said
  if (settings.interactionMode === 'plan') session.mode = 'plan';
  run.early.expect(session);
  try {
    const { turn } = await run.server.ask({ method: 'turn/start', params, answer: wire.turnAnswerSchema });
    session.mode = settings.interactionMode;
    const accepted = { ...keyOf(effect), nativeTurnId: turn.id };
    run.report(session, { type: 'provider.turnAccepted', ...accepted });
    session.asked = { turn: accepted, settings: { ...settings, model: params.model ?? null } };
  } catch (error) {
    const cause = refusalIn(run, error, 'START_REFUSED');
    if (cause !== null) run.report(session, refusalOf(effect, cause));
  } finally {
    run.early.release(session);
  }
}

/** Its answer says nothing; the turn that begins next is the compaction. */
async function compact(run: Run, session: Session, effect: EffectOf<'turn.compact'>): Promise<void> {
  const params = compactParams(session.nativeThreadId);
  session.compacting = effect;
  try {
    await run.server.ask({ method: 'thread/compact/start', params, answer: z.unknown() });
  } catch (error) {
    session.compacting = null;
    const cause = refusalIn(run, error, 'START_REFUSED');
    if (cause !== null) run.report(session, refusalOf(effect, cause));
  }
}

async function steer(run: Run, session: Session, effect: EffectOf<'turn.steer'>): Promise<void> {
  const { nativeThreadId } = session;
  const imagePaths = pathsOf(run, effect.steer.attachments);
  if (imagePaths === null) return run.report(session, refusalOf(effect, NO_IMAGE));
  const params = steerParams(effect, { nativeThreadId, imagePaths });
  try {
    await run.server.ask({ method: 'turn/steer', params, answer: z.unknown() });
    run.report(session, { type: 'provider.steerAccepted', ...keyOf(effect), steerId: effect.steer.turnId });
  } catch (error) {
    const cause = refusalIn(run, error, 'STEER_REFUSED');
    if (cause !== null) run.report(session, refusalOf(effect, cause));
  }
}

/** Without the provider's id, a start that nobody answered in time: whatever runs is meant. */
async function interrupt(run: Run, session: Session, effect: EffectOf<'turn.interrupt'>): Promise<void> {
  const { nativeThreadId } = session;
  const { nativeTurnId } = effect;
  const asked =
    nativeTurnId === null
      ? endRunningTurn(run, nativeThreadId)
      : run.server.ask({
          method: 'turn/interrupt',
          params: interruptParams(nativeThreadId, nativeTurnId),
          answer: z.unknown(),
        });
  session.interrupted = asked.then(ignore, ignore);
  try {
    await asked;
  } catch (error) {
    const cause = refusalIn(run, error, 'TURN_NOT_ACTIVE');
    if (cause !== null) run.report(session, refusalOf(effect, cause));
  }
}

function ignore(): void {}

/** codex 0.169.0 ends an interrupted turn at once, and lets what it has begun run on. */
async function settle(run: Run, session: Session, effect: EffectOf<'turn.settle'>): Promise<void> {
  session.interrupted = null;
  try {
    if (effect.outcome !== 'completed') await endLeftovers(run, session, effect);
  } catch (error) {
    if (!isClosed(error))
      run.host.warn('what a turn left running could not be ended', { error: String(error) });
  } finally {
    run.host.settled(session.threadId, effect.turnId, effect.attempt);
  }
}

const NO_IMAGE = failure('ATTACHMENT_NOT_FOUND', 'an attached image is not stored any more', {
  class: 'validation',
});

function pathsOf({ host }: Run, attachments: readonly AttachmentId[]): readonly string[] | null {
  const paths = attachments.map((attachmentId) => host.attachmentPath(attachmentId));
  return paths.every((path) => path !== null) ? paths : null;
}

function warnOfOptions({ host }: Run, { settings }: EffectOf<'turn.start'>): void {
  const unknown = Object.keys(settings.options).filter((name) => !OPTIONS.some((each) => each === name));
  if (unknown.length > 0) host.warn('codex has no such options', { options: unknown });
}

const defaultEffort = ({ models }: Run, model: string): string | null =>
  models.find((each) => each.model === model)?.defaultReasoningEffort ?? null;

/** Only a refusal of codex is one: of a request that got lost nobody knows, and the chart's own bound ends the wait. */
function refusalIn(
  run: Run,
  error: unknown,
  code: 'START_REFUSED' | 'STEER_REFUSED' | 'TURN_NOT_ACTIVE',
): Failure | null {
  if (isRefusal(error)) return failureOfRequest(code, error);
  if (!isClosed(error)) run.host.warn('codex did not answer as it should', { error: String(error) });
  return null;
}
