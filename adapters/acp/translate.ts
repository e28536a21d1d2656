import type * as acp from '@agentclientprotocol/sdk';
import type { z } from 'zod';
import type { Failure } from '../../machines/domain/error.ts';
import { itemIdOf } from '../../machines/domain/ids.ts';
import type { ItemBody, PlanStep } from '../../machines/domain/item.ts';
import type { Usage } from '../../machines/domain/turn.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import { ownItem, type TurnScope } from '../shared/own-items.ts';
import { failureOfStop, TOOL_FAILED } from './failures.ts';
import { blockText } from './items.ts';
import type { Transcript } from './transcript.ts';
import * as wire from './wire.ts';
import type { PromptAnswer, Update } from './wire.ts';

/** Updates that need to know nothing but themselves. */
type Plain = Extract<
  acp.SessionUpdate['sessionUpdate'],
  'plan' | 'notice' | 'compaction_update' | 'compaction_summary_chunk'
>;

/** An update as inputs of ours. Pure and total: what it does not know is told as such. */
export function translate(update: Update, scope: TurnScope): readonly ProviderReport[] {
  return TRANSLATIONS.get(update.sessionUpdate)?.(update, scope) ?? [unrecognized(update, scope)];
}

/** Something of the agent that is not known here, as an entry of the transcript. */
export const unrecognized = (what: object, scope: TurnScope, method = nameOf(what)): ProviderReport =>
  ownItem(scope, {
    key: `${method}:${scope.rawRef}`,
    body: { kind: 'unrecognized', method },
    text: JSON.stringify(what).slice(0, UNRECOGNIZED_TEXT_LENGTH),
  });

/** The frame itself is in the protocol log. */
const UNRECOGNIZED_TEXT_LENGTH = 2000;

const nameOf = (what: object): string => String(Reflect.get(what, 'sessionUpdate'));

/** `null`: the update is not what it was. */
type Translation = (update: unknown, scope: TurnScope) => readonly ProviderReport[] | null;

function on<S extends z.ZodType>(
  schema: S,
  toReports: (update: z.output<S>, scope: TurnScope) => readonly ProviderReport[],
): Translation {
  return (update, scope) => {
    const parsed = schema.safeParse(update);
    return parsed.success ? toReports(parsed.data, scope) : null;
  };
}

const BY_KIND: Readonly<Record<Plain, Translation>> = {
  plan: on(wire.planSchema, ({ entries }, { connectionId, turn }) => [
    {
      type: 'provider.planReported',
      connectionId,
      ...turn,
      explanation: null,
      steps: entries.map(({ content, status }): PlanStep => ({ text: content, status: stepStatus(status) })),
    },
  ]),
  notice: on(wire.noticeSchema, ({ severity, title, description }, scope) => {
    const tone = severity === 'error' ? 'error' : 'info';
    const text = [title, description].filter(Boolean).join('\n');
    return [
      ownItem(scope, { key: `notice:${scope.rawRef}`, body: noticeBody(tone, 'provider.notice'), text }),
    ];
  }),
  compaction_update: on(wire.compactionSchema, ({ compactionId, status, error }, scope) => {
    const item = {
      key: `compaction:${compactionId}`,
      body: { kind: 'compaction' },
      text: error ?? '',
    } as const;
    if (status === 'in_progress')
      return [ownItem(scope, { ...item, status: 'open' }, 'provider.itemStarted')];
    return [ownItem(scope, { ...item, status: status === 'completed' ? 'completed' : 'failed' })];
  }),
  compaction_summary_chunk: on(
    wire.compactionChunkSchema,
    ({ compactionId, content }, { connectionId, turn }) => {
      const itemId = itemIdOf(turn.nativeTurnId ?? connectionId, `compaction:${compactionId}`);
      return [{ type: 'provider.itemDelta', connectionId, itemId, text: blockText(content) }];
    },
  ),
};

/** By kind. */
export const TRANSLATIONS: ReadonlyMap<string, Translation> = new Map(Object.entries(BY_KIND));

const STEPS: Readonly<Record<string, PlanStep['status']>> = {
  in_progress: 'running',
  completed: 'completed',
};
const stepStatus = (status: string): PlanStep['status'] => STEPS[status] ?? 'pending';

const noticeBody = (tone: 'info' | 'error', topic: string): ItemBody => ({ kind: 'notice', tone, topic });

// ---- the end of a turn -------------------------------------------------------------------------------------------

/** How an agent ended a turn. */
export interface TurnEnd {
  readonly outcome: 'completed' | 'failed' | 'interrupted';
  readonly failure: Failure | null;
}

export const INTERRUPTED: TurnEnd = { outcome: 'interrupted', failure: null };
export const failed = (cause: Failure): TurnEnd => ({ outcome: 'failed', failure: cause });

/**
 * `end_turn` alone is no success: opencode 1.18.33 and others say it of a turn that was cancelled or that ended with a
 * declined tool, of which the model never heard.
 */
export function endOf({ stopReason }: PromptAnswer, last: Transcript['last']): TurnEnd {
  if (stopReason === 'cancelled') return INTERRUPTED;
  if (stopReason !== 'end_turn') return failed(failureOfStop(stopReason));
  if (last === 'declined') return INTERRUPTED;
  return last === 'failed' ? failed(TOOL_FAILED) : { outcome: 'completed', failure: null };
}

export const errorItem = (cause: Failure, scope: TurnScope): ProviderReport =>
  ownItem(scope, {
    key: `error:${scope.rawRef}`,
    body: { kind: 'error', code: cause.code, retryable: cause.retryable },
    text: cause.message,
    status: 'failed',
  });

// ---- usage -------------------------------------------------------------------------------------------------------

const NO_USAGE: Usage = {
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  contextTokens: 0,
  contextWindow: null,
};

/** How full the context is; told during turns. */
export const usageOfUpdate = (
  known: Usage | null,
  { used, size }: z.infer<typeof wire.usageSchema>,
): Usage => ({
  ...(known ?? NO_USAGE),
  contextTokens: used,
  contextWindow: size > 0 ? size : null,
});

/** Agents count what they like: the turn, its last step, or the session. `null`: nothing. */
export function usageOfAnswer(known: Usage | null, { usage }: PromptAnswer): Usage | null {
  if (usage === null) return null;
  const { inputTokens, outputTokens, cachedReadTokens, thoughtTokens } = usage;
  return {
    ...(known ?? NO_USAGE),
    inputTokens,
    cachedInputTokens: cachedReadTokens,
    outputTokens,
    reasoningTokens: thoughtTokens,
  };
}
