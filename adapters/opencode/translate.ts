import type { z } from 'zod';
import type { PlanStep } from '../../machines/domain/item.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import { accepted, becameIdle, failed, started } from './endings.ts';
import { isAborted } from './failures.ts';
import { IGNORED, isUnfinished } from './ignored.ts';
import { compactionEnd, deltaReports, partReports } from './parts.ts';
import { at, cutOf, itemReport, parentOf, type Scope } from './scope.ts';
import * as wire from './wire.ts';
import type { AssistantMessage, Frame, Message, Tokens } from './wire.ts';

/** An event of opencode about a session as inputs of ours. Total: what it does not know is told as such. */
export function translate(frame: Frame, scope: Scope): readonly ProviderReport[] {
  const translation = TRANSLATIONS.get(frame.type);
  if (translation === undefined && (IGNORED.has(frame.type) || isUnfinished(frame.type))) return [];
  return translation?.(frame.properties, scope) ?? [unrecognized(frame, scope)];
}

/** Something of opencode that is not known here, as an entry of the transcript. */
export function unrecognized({ type, properties }: Frame, scope: Scope): ProviderReport {
  return itemReport(scope, scope.talk.turn?.nativeTurnId ?? null, {
    key: `${type}:${scope.rawRef}`,
    body: { kind: 'unrecognized', method: type },
    text: (JSON.stringify(properties) ?? '').slice(0, UNRECOGNIZED_TEXT_LENGTH),
  });
}

/** The frame itself is in the protocol log. */
const UNRECOGNIZED_TEXT_LENGTH = 2000;

/** `null`: the properties are not what they were. */
type Translation = (properties: unknown, scope: Scope) => readonly ProviderReport[] | null;

function on<S extends z.ZodType>(
  schema: S,
  toReports: (properties: z.output<S>, scope: Scope) => readonly ProviderReport[],
): Translation {
  return (properties, scope) => {
    const parsed = schema.safeParse(properties);
    return parsed.success ? toReports(parsed.data, scope) : null;
  };
}

const STEP_STATUS: ReadonlyMap<string, PlanStep['status']> = new Map<string, PlanStep['status']>([
  ['in_progress', 'running'],
  ['completed', 'completed'],
  ['cancelled', 'completed'],
]);

const BY_TYPE: Readonly<Record<string, Translation>> = {
  'message.updated': on(wire.messageUpdatedSchema, ({ info }, scope) => {
    const isNew = info.id > scope.talk.newestId;
    scope.talk.note(info.id);
    if (info.role === 'assistant') return ofModel(info, scope);
    // of before this connection, such as the copies of a fork
    return isNew || scope.talk.turnOf(info.id) !== null || scope.agent !== null ? ofUser(info, scope) : [];
  }),
  'message.part.updated': on(wire.partUpdatedSchema, ({ part }, scope) => {
    const known = wire.partSchema.safeParse(part);
    if (known.success) return partReports(known.data, scope);
    return [unrecognized({ type: `part:${part.type}`, properties: part }, scope)];
  }),
  'message.part.delta': on(wire.partDeltaSchema, deltaReports),
  'session.status': on(wire.sessionStatusSchema, ({ status }, scope) => {
    const { turn } = scope.talk;
    if (status.type === 'retry') return retrying(status, scope);
    return status.type === 'busy' && turn !== null && scope.agent === null ? started(turn, scope) : [];
  }),
  'session.error': on(wire.sessionErrorSchema, ({ error }, scope) => {
    const { turn } = scope.talk;
    if (turn === null || error === undefined || scope.agent !== null) return [];
    // the last word of a turn before
    if (isAborted(error) && !turn.isStarted) return [];
    turn.error = error;
    return failed(turn, scope);
  }),
  'session.idle': on(wire.addressSchema, (_, scope) => {
    const { turn } = scope.talk;
    return turn === null || scope.agent !== null ? [] : becameIdle(turn, scope);
  }),
  'todo.updated': on(wire.todosSchema, ({ todos }, scope) => {
    const { turn } = scope.talk;
    if (scope.agent !== null || turn === null) return [];
    const steps = todos.map(({ content, status }): PlanStep => ({
      text: content,
      status: STEP_STATUS.get(status) ?? 'pending',
    }));
    return [{ type: 'provider.planReported', ...at(scope, turn.nativeTurnId), explanation: null, steps }];
  }),
};

/** By type. */
export const TRANSLATIONS: ReadonlyMap<string, Translation> = new Map(Object.entries(BY_TYPE));

/** A prompt of ours, one that opencode writes in the user's name, or one that somebody else has sent. */
function ofUser({ id }: Message, scope: Scope): readonly ProviderReport[] {
  const { talk, agent } = scope;
  const { turn, compacting } = talk;
  if (agent !== null) {
    talk.join(id, agent.nativeTurnId);
    return [];
  }
  if (turn?.nativeTurnId === id) return accepted(turn, scope);
  if (talk.turnOf(id) !== null) return [];
  if (turn !== null && turn.isAccepted) {
    talk.join(id, turn.nativeTurnId);
    return [];
  }
  if (turn !== null) return [];
  talk.compacting = null;
  return accepted(talk.begin(id, compacting), scope);
}

function ofModel(message: AssistantMessage, scope: Scope): readonly ProviderReport[] {
  const { talk, agent } = scope;
  const nativeTurnId = talk.turnOf(message.parentID);
  if (nativeTurnId === null) return [];
  const isSummary = message.summary === true;
  const isDone = message.time.completed !== undefined;
  const isNew = isDone && talk.messages.get(message.id)?.isDone !== true;
  talk.messages.set(message.id, { nativeTurnId, isSummary, isDone });
  const summarized = isSummary && isDone ? compactionEnd(scope, nativeTurnId) : [];
  if (agent !== null) return summarized;
  const reports = isNew ? [...usage(message, scope), ...summarized] : summarized;
  const { turn } = talk;
  if (turn?.nativeTurnId !== nativeTurnId) return reports;
  if (turn.newest === null || turn.newest.id <= message.id) turn.newest = message;
  return [...started(turn, scope), ...reports];
}

/**
 * A retry is told as one notice, which each further try replaces. It belongs to no turn: a provider that tries again for
 * long must not look as if it made progress. A try that failed has said nothing: the next one begins its answer anew.
 */
function retrying(
  { message, attempt }: { readonly message: string; readonly attempt: number },
  scope: Scope,
): readonly ProviderReport[] {
  const nativeTurnId = scope.agent?.nativeTurnId ?? scope.talk.turn?.nativeTurnId;
  if (nativeTurnId === undefined) return [];
  const notice = itemReport({ ...scope, agent: null }, null, {
    key: `retrying:${nativeTurnId}`,
    body: { kind: 'notice', tone: 'error', topic: 'provider.retrying' },
    text: `${message} (try ${attempt})`,
    ...parentOf(scope),
  });
  return [cutOf(scope, nativeTurnId), notice];
}

/** Counts are of the whole session; the last step tells how full the context is. */
function usage({ tokens: step }: AssistantMessage, { connectionId, talk }: Scope): readonly ProviderReport[] {
  // an aborted step has none
  if (step === undefined || step.input + step.output === 0) return [];
  talk.tokens = sum(talk.tokens, step);
  const { input, output, reasoning, cache } = talk.tokens;
  return [
    {
      type: 'provider.usageReported',
      connectionId,
      usage: {
        inputTokens: input + cache.read + cache.write,
        cachedInputTokens: cache.read,
        outputTokens: output,
        reasoningTokens: reasoning,
        contextTokens: step.total ?? step.input + step.output + step.cache.read + step.cache.write,
        contextWindow: talk.contextWindow,
      },
    },
  ];
}

const sum = (left: Tokens, right: Tokens): Tokens => ({
  input: left.input + right.input,
  output: left.output + right.output,
  reasoning: left.reasoning + right.reasoning,
  cache: { read: left.cache.read + right.cache.read, write: left.cache.write + right.cache.write },
});
