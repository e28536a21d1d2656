/** How a prompt is handed over, interrupted and brought to its end. */
import { z } from 'zod';
import { failure, RuntimeError, type Failure } from '../../machines/domain/error.ts';
import type { AttachmentId } from '../../machines/domain/ids.ts';
import { refusalOf } from '../shared/decline.ts';
import type { EffectOf, TurnEffect } from '../shared/effects.ts';
import { refuse } from './answers.ts';
import { applyRules } from './connections.ts';
import type { HeardTurn } from './conversation.ts';
import { accepted } from './endings.ts';
import { failureOfRequest, isClosed, isRefusal } from './failures.ts';
import { nextMessageId } from './message-ids.ts';
import { rulesFor, unmetPolicy } from './policy.ts';
import { abortSession, OPTIONS, promptSession, summarize } from './requests.ts';
import type { Run } from './run.ts';
import type { Scope } from './scope.ts';
import type { Session } from './sessions.ts';
import { SILENCE_MS } from './silence.ts';

/** A summary is written by the model. */
const SUMMARY_TIMEOUT_MS = 30 * 60_000;

/** Performs an effect on an open session. */
export function performTurn(run: Run, session: Session, effect: TurnEffect): Promise<void> | void {
  switch (effect.type) {
    case 'turn.start':
      return start(run, session, effect);
    case 'turn.compact':
      return compact(run, session, effect);
    case 'turn.steer':
      return run.report(session, refusalOf(effect, NO_STEER));
    case 'turn.interrupt':
      return interrupt(run, session, effect);
    case 'turn.settle':
      return settle(run, session, effect);
  }
}

const NO_STEER = failure('STEER_REFUSED', 'opencode takes no message into a running turn', {
  class: 'provider',
});
const notApplied = (unmet: string): Failure => failure('SETTINGS_NOT_APPLIED', unmet, { class: 'provider' });
const NO_IMAGE = failure('ATTACHMENT_NOT_FOUND', 'an attached image is not stored any more', {
  class: 'validation',
});
const NO_TURN = failure('TURN_NOT_ACTIVE', 'opencode does not run this turn', { class: 'provider' });
const NO_MODEL = failure('START_REFUSED', 'opencode has no model that could write a summary', {
  class: 'validation',
});

async function start(run: Run, session: Session, effect: EffectOf<'turn.start'>): Promise<void> {
  const { prompt, settings, clientMessageId } = effect;
  const imagePaths = pathsOf(run, prompt.attachments);
  if (imagePaths === null) return run.report(session, refusalOf(effect, NO_IMAGE));
  const unmet = unmetPolicy(settings.policy);
  if (unmet !== null) return run.report(session, refusalOf(effect, notApplied(unmet)));
  warnOfOptions(run, effect);
  const { talk } = session;
  const messageId = nextMessageId(talk.newestId, clientMessageId);
  // opencode takes the model of the last prompt where none is named
  const wanted = settings.model ?? session.model;
  const model = settings.model ?? (session.lastModel === session.model ? null : session.model);
  let turn: HeardTurn | null = null;
  try {
    await session.aborting;
    const wantedRules = rulesFor(settings);
    session.inEffect = await applyRules(run, session, { inEffect: session.inEffect, wanted: wantedRules });
    session.rules = session.inEffect;
    const call = await promptSession(session, { messageId, prompt, settings, model, imagePaths });
    turn = talk.begin(messageId, effect);
    session.silence.watch(SILENCE_MS);
    talk.contextWindow = wanted === null ? null : (run.catalogue.contextWindows.get(wanted) ?? null);
    await run.server.ask({ ...call, answer: z.unknown() });
    session.lastModel = wanted;
    for (const report of accepted(turn, scopeOf(run, session))) run.report(session, report);
  } catch (error) {
    const cause = refusalIn(run, error, 'START_REFUSED');
    if (cause === null) return;
    if (talk.turn === turn) talk.turn = null;
    run.report(session, refusalOf(effect, cause));
  }
}

const scopeOf = (run: Run, { connectionId, talk }: Session): Scope => ({
  connectionId,
  rawRef: run.server.rawRef,
  talk,
  agent: null,
});

/** It is answered when it is done; its message tells that it has begun. */
async function compact(run: Run, session: Session, effect: EffectOf<'turn.compact'>): Promise<void> {
  const { talk } = session;
  const model = session.lastModel ?? run.catalogue.defaultModel;
  if (model === null) return run.report(session, refusalOf(effect, NO_MODEL));
  try {
    await session.aborting;
    talk.compacting = effect;
    await run.server.ask({
      ...summarize(session, model),
      answer: z.unknown(),
      timeoutMs: SUMMARY_TIMEOUT_MS,
    });
  } catch (error) {
    const isBegun = talk.compacting !== effect;
    talk.compacting = null;
    const cause = refusalIn(run, error, 'START_REFUSED');
    if (cause !== null && !isBegun) run.report(session, refusalOf(effect, cause));
  }
}

/** Without the provider's id, a start that nobody answered in time: whatever runs is meant. */
async function interrupt(run: Run, session: Session, effect: EffectOf<'turn.interrupt'>): Promise<void> {
  const { turn } = session.talk;
  const isIt = effect.nativeTurnId === null || turn?.nativeTurnId === effect.nativeTurnId;
  if (!isIt) return run.report(session, refusalOf(effect, NO_TURN));
  if (turn !== null) turn.isInterrupted = true;
  const asked = run.server.ask({ ...abortSession(session), answer: z.unknown() });
  session.aborting = asked.then(ignore, ignore);
  try {
    await asked;
  } catch (error) {
    const cause = refusalIn(run, error, 'TURN_NOT_ACTIVE');
    if (cause !== null) run.report(session, refusalOf(effect, cause));
  }
}

function ignore(): void {}

/** opencode ends the commands and sub-agents of a turn with it, but keeps what it has asked. */
async function settle(run: Run, session: Session, effect: EffectOf<'turn.settle'>): Promise<void> {
  try {
    await session.aborting;
    const left = [...session.left.values()];
    await Promise.all(left.map((request) => refuse(run, session, request)));
  } finally {
    run.host.settled(session.threadId, effect.turnId, effect.attempt);
  }
}

function pathsOf({ host }: Run, attachments: readonly AttachmentId[]): readonly string[] | null {
  const paths = attachments.map((attachmentId) => host.attachmentPath(attachmentId));
  return paths.every((path) => path !== null) ? paths : null;
}

function warnOfOptions({ host }: Run, { settings }: EffectOf<'turn.start'>): void {
  const unknown = Object.keys(settings.options).filter((name) => !OPTIONS.has(name));
  if (unknown.length > 0) host.warn('opencode has no such options', { options: unknown });
}

/** Only a refusal of opencode is one: of a request that got lost nobody knows, and the chart's own bound ends the wait. */
function refusalIn(run: Run, error: unknown, code: 'START_REFUSED' | 'TURN_NOT_ACTIVE'): Failure | null {
  if (isRefusal(error)) return failureOfRequest(code, error);
  if (error instanceof RuntimeError) return failure(error.code, error.message, { class: 'provider' });
  if (!isClosed(error)) run.host.warn('opencode did not answer as it should', { error: String(error) });
  return null;
}
