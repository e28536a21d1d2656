import type { z } from 'zod';
import type { Failure } from '../../machines/domain/error.ts';
import { itemIdOf } from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import type { ItemDraft } from '../../machines/domain/item.ts';
import type { Usage } from '../../machines/domain/turn.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import { ownItem, type TurnScope } from '../shared/own-items.ts';
import { failureOfResult } from './failures.ts';
import { IGNORED } from './ignored.ts';
import type { TurnResult } from './prompts.ts';
import * as wire from './wire.ts';
import type { Frame, MessageUsage, Result } from './wire.ts';

/** `system/init`, or `assistant`. */
export const nameOf = ({ type, subtype }: Frame): string =>
  type === 'system' && subtype !== undefined ? `system/${subtype}` : type;

/** A notice of claude as inputs of ours. Pure and total: what it does not know is told as such. */
export function translate(frame: Frame, scope: TurnScope): readonly ProviderReport[] {
  const name = nameOf(frame);
  if (IGNORED.has(name)) return [];
  return TRANSLATIONS.get(name)?.(frame, scope) ?? [unrecognized(frame, scope)];
}

/** Something of claude that is not known here, as an entry of the transcript. */
export function unrecognized(frame: Frame, scope: TurnScope): ProviderReport {
  const item = unrecognizedItem(nameOf(frame), frame, scope);
  return { type: 'provider.itemCompleted', connectionId: scope.connectionId, ...scope.turn, item };
}

/** The frame itself is in the protocol log. */
const UNRECOGNIZED_TEXT_LENGTH = 2000;

export const unrecognizedItem = (
  method: string,
  what: object,
  { connectionId, rawRef }: Pick<TurnScope, 'connectionId' | 'rawRef'>,
): ItemDraft => ({
  itemId: itemIdOf(connectionId, `${method}:${rawRef}`),
  body: { kind: 'unrecognized', method },
  text: JSON.stringify(what).slice(0, UNRECOGNIZED_TEXT_LENGTH),
  status: 'completed',
  rawRef,
});

/** `null`: the frame is not what it was. */
type Translation = (frame: Frame, scope: TurnScope) => readonly ProviderReport[] | null;

function on<S extends z.ZodType>(
  schema: S,
  toReports: (frame: z.output<S>, scope: TurnScope) => readonly ProviderReport[],
): Translation {
  return (frame, scope) => {
    const parsed = schema.safeParse(frame);
    return parsed.success ? toReports(parsed.data, scope) : null;
  };
}

const BY_NAME: Readonly<Record<string, Translation>> = {
  'system/status': on(wire.statusSchema, (status, scope) => compactionOf(status, scope)),
  'system/compact_boundary': on(wire.compactBoundarySchema, ({ compact_metadata: metadata }, scope) => {
    const { trigger = '', pre_tokens: tokens } = metadata ?? {};
    const text = [trigger, tokens === undefined ? '' : `${tokens} tokens before`].filter(Boolean).join(', ');
    return [ownItem(scope, { key: COMPACTION, body: { kind: 'compaction' }, text })];
  }),
  // of no turn: claude that tries again for ever must not look as if it made progress
  'system/api_retry': on(wire.retrySchema, (retry, scope) => [
    ownItem(
      { ...scope, turn: byNative(null) },
      {
        key: `retrying:${scope.turn.nativeTurnId ?? ''}`,
        body: { kind: 'notice', tone: 'error', topic: 'provider.retrying' },
        text: retryText(retry),
      },
    ),
  ]),
  'system/informational': notice('provider.notice'),
  'system/local_command_output': notice('command.output'),
  'system/notification': notice('provider.notice'),
  'system/model_refusal_fallback': on(wire.modelFallbackSchema, fallback),
  'system/model_fallback': on(wire.modelFallbackSchema, fallback),
};

/** By name. */
export const TRANSLATIONS: ReadonlyMap<string, Translation> = new Map(Object.entries(BY_NAME));

const COMPACTION = 'compaction';

/** A compaction is one item from its beginning to its end; several in a turn are one after the other. */
function compactionOf(
  { status, compact_result: result, compact_error: error }: z.infer<typeof wire.statusSchema>,
  scope: TurnScope,
): readonly ProviderReport[] {
  const item = { key: COMPACTION, body: { kind: 'compaction' } } as const;
  // 2.1.197 begins one before its turn
  if (scope.turn.nativeTurnId === null) return [];
  if (status === 'compacting')
    return [ownItem(scope, { ...item, text: '', status: 'open' }, 'provider.itemStarted')];
  if (result !== 'failed') return [];
  return [ownItem(scope, { ...item, text: error ?? '', status: 'failed' })];
}

function fallback(
  { trigger, original_model: from, fallback_model: to }: z.infer<typeof wire.modelFallbackSchema>,
  scope: TurnScope,
): readonly ProviderReport[] {
  const text = `${from ?? 'the model'} → ${to ?? 'another one'}${trigger === undefined ? '' : ` (${trigger})`}`;
  const body = { kind: 'notice', tone: 'info', topic: 'model.rerouted' } as const;
  return [ownItem(scope, { key: `rerouted:${scope.rawRef}`, body, text })];
}

function notice(topic: string): Translation {
  return on(wire.contentSchema, ({ content }, scope) => [
    ownItem(scope, {
      key: `${topic}:${scope.rawRef}`,
      body: { kind: 'notice', tone: 'info', topic },
      text: content,
    }),
  ]);
}

const retryText = ({
  attempt,
  max_retries: most,
  error_status: status,
  error,
}: z.infer<typeof wire.retrySchema>): string =>
  `${error ?? 'unknown'}${status === null || status === undefined ? '' : ` ${status}`}: try ${attempt}${most === undefined ? '' : ` of ${most}`}`;

/** `is_error` tells a failure, not the subtype; a turn that was cut off has a reason of its own. */
export function resultOf(result: Result): TurnResult {
  if (result.terminal_reason?.startsWith('aborted')) return { outcome: 'interrupted', failure: null };
  if (!result.is_error) return { outcome: 'completed', failure: null };
  return { outcome: 'failed', failure: failureOfResult(result) };
}

export const errorItem = (cause: Failure, scope: TurnScope): ProviderReport =>
  ownItem(scope, {
    key: `error:${scope.rawRef}`,
    body: { kind: 'error', code: cause.code, retryable: cause.retryable },
    text: cause.message,
    status: 'failed',
  });

/** Counts are of the whole session; the newest reply tells how full the context is. */
export function usageOf({ modelUsage }: Result, last: MessageUsage | null): Usage {
  const models = Object.values(modelUsage);
  const sum = (count: (model: (typeof models)[number]) => number): number =>
    models.reduce((total, model) => total + count(model), 0);
  const cached = sum((model) => model.cacheReadInputTokens);
  const [first] = models;
  return {
    inputTokens: sum((model) => model.inputTokens + model.cacheCreationInputTokens) + cached,
    cachedInputTokens: cached,
    outputTokens: sum((model) => model.outputTokens),
    reasoningTokens: sum((model) => model.thinkingTokens),
    contextTokens: contextOf(last),
    contextWindow: first?.contextWindow ?? null,
  };
}

export function contextOf(usage: MessageUsage | null): number {
  if (usage === null) return 0;
  const { input_tokens: fresh, output_tokens: said } = usage;
  return fresh + said + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);
}
