import type { z } from 'zod';
import {
  itemIdOf,
  requestIdOf,
  type ConnectionId,
  type ItemId,
  type ThreadId,
} from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import type { ItemBody, ItemDraft, ItemStatus, PlanStep } from '../../machines/domain/item.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import { agentReports, type AgentPlace } from './agents.ts';
import { failureOfTurn } from './failures.ts';
import { IGNORED } from './ignored.ts';
import { changeOf, draftOf } from './items.ts';
import * as wire from './wire.ts';
import type { Frame } from './wire.ts';

/** What a frame is translated for. */
export interface Scope {
  readonly connectionId: ConnectionId;
  /** Where the frame stands in the protocol log. */
  readonly rawRef: string;
  /** Set for the frames of a sub-agent without a thread: they are told as items of its parent's turn. */
  readonly agent: AgentPlace | null;
  /** Of a thread of codex that is one of ours. */
  readonly threadOf: (nativeThreadId: string) => ThreadId | null;
}

/** A notification of codex about a thread as inputs of ours. Pure and total: what it does not know is told as such. */
export function translate(frame: Frame, scope: Scope): readonly ProviderReport[] {
  if (IGNORED.has(frame.method)) return [];
  return TRANSLATIONS.get(frame.method)?.(frame.params, scope) ?? [unrecognized(frame, scope)];
}

/** Something of codex that is not known here, as an entry of the transcript. */
export function unrecognized(
  frame: Frame,
  scope: Scope,
  key = `${frame.method}:${scope.rawRef}`,
): ProviderReport {
  const { turnId = null } = wire.turnAddressSchema.safeParse(frame.params).data ?? {};
  const { method } = frame;
  return itemReport(scope, turnId, {
    key,
    body: { kind: 'unrecognized', method },
    text: (JSON.stringify(frame.params) ?? '').slice(0, UNRECOGNIZED_TEXT_LENGTH),
  });
}

/** The frame itself is in the protocol log. */
const UNRECOGNIZED_TEXT_LENGTH = 2000;

/** `null`: the parameters are not what they were. */
type Translation = (params: unknown, scope: Scope) => readonly ProviderReport[] | null;

function on<S extends z.ZodType>(
  schema: S,
  toReports: (params: z.output<S>, scope: Scope) => readonly ProviderReport[],
): Translation {
  return (params, scope) => {
    const parsed = schema.safeParse(params);
    return parsed.success ? toReports(parsed.data, scope) : null;
  };
}

const BY_METHOD: Readonly<Record<string, Translation>> = {
  'turn/started': on(wire.turnNoticeSchema, ({ turn }, scope) =>
    scope.agent === null ? [startOf(scope, turn.id)] : agentReports(scope, { ...turn, status: 'inProgress' }),
  ),
  'turn/completed': on(wire.turnNoticeSchema, ({ turn }, scope) => {
    const outcome = turn.status === 'inProgress' ? 'interrupted' : turn.status;
    if (scope.agent !== null) return agentReports(scope, { ...turn, status: outcome });
    const failure = turn.status === 'failed' ? failureOfTurn(turn.error) : null;
    return [{ type: 'provider.turnEnded', ...at(scope, turn.id), outcome, failure }];
  }),
  'turn/plan/updated': on(wire.planSchema, ({ turnId, explanation, plan }, scope) =>
    ofThreadItself(scope, {
      type: 'provider.planReported',
      ...at(scope, turnId),
      explanation: explanation ?? null,
      steps: plan.map(({ step, status }): PlanStep => ({ text: step, status: STEP_STATUS[status] })),
    }),
  ),
  'thread/tokenUsage/updated': on(wire.usageNoticeSchema, ({ tokenUsage }, scope) =>
    ofThreadItself(scope, {
      type: 'provider.usageReported',
      connectionId: scope.connectionId,
      usage: usageOf(tokenUsage),
    }),
  ),

  'item/started': itemTranslation('provider.itemStarted'),
  'item/completed': itemTranslation('provider.itemCompleted'),
  'item/agentMessage/delta': on(wire.deltaSchema, deltaOf),
  'item/plan/delta': on(wire.deltaSchema, deltaOf),
  'item/reasoning/summaryTextDelta': on(wire.deltaSchema, deltaOf),
  'item/reasoning/textDelta': on(wire.deltaSchema, deltaOf),
  'item/commandExecution/outputDelta': on(wire.deltaSchema, deltaOf),
  'item/reasoning/summaryPartAdded': on(wire.summaryPartSchema, ({ summaryIndex, ...part }, scope) =>
    summaryIndex === 0 ? [] : deltaOf({ ...part, delta: '\n\n' }, scope),
  ),
  'item/mcpToolCall/progress': on(wire.progressSchema, ({ message, ...part }, scope) =>
    deltaOf({ ...part, delta: `${message}\n` }, scope),
  ),
  'item/fileChange/patchUpdated': on(wire.patchUpdatedSchema, ({ turnId, itemId, changes }, scope) => [
    {
      type: 'provider.itemUpdated',
      ...at(scope, turnId),
      item: {
        itemId: itemIdOf(turnId, itemId),
        body: { kind: 'file_change', changes: changes.map(changeOf) },
        text: '',
        status: 'open',
        ...parentOf(scope),
        rawRef: scope.rawRef,
      },
    },
  ]),

  // a try that failed has said nothing: the next one begins its answer anew
  error: on(wire.errorNoticeSchema, (params, scope) =>
    params.willRetry
      ? [cutOf(scope, params.turnId), errorReport(params, scope)]
      : [errorReport(params, scope)],
  ),
  warning: on(wire.warningSchema, ({ message }, scope) => [notice(scope, 'provider.warning', message)]),
  guardianWarning: on(wire.warningSchema, ({ message }, scope) => [
    notice(scope, 'provider.warning', message),
  ]),
  'model/rerouted': on(wire.reroutedSchema, ({ turnId, fromModel, toModel, reason }, scope) => [
    notice({ ...scope, turnId }, 'model.rerouted', `${fromModel} → ${toModel} (${reason})`),
  ]),
  'modelProvider/authRecoveryStarted': on(wire.authRecoverySchema, ({ turnId, message }, scope) => [
    notice({ ...scope, turnId }, 'provider.authRecovery', message),
  ]),
  'mcpServer/startupStatus/updated': on(wire.mcpStatusSchema, ({ name, status, error }, scope) =>
    status === 'failed'
      ? [notice({ ...scope, tone: 'error' }, 'mcp.failed', `${name}: ${error ?? 'failed to start'}`)]
      : [],
  ),
  'item/autoApprovalReview/completed': on(wire.reviewSchema, ({ turnId, reviewId, review }, scope) => [
    itemReport(scope, turnId, {
      key: `review:${reviewId}`,
      body: { kind: 'notice', tone: 'approval', topic: 'approval.reviewed' },
      text: `${review.status}${review.rationale ? `: ${review.rationale}` : ''}`,
    }),
  ]),
  'hook/completed': on(wire.hookSchema, ({ turnId, run }, scope) =>
    run.status === 'completed'
      ? []
      : [
          itemReport(scope, turnId ?? null, {
            key: `hook:${run.id}`,
            body: { kind: 'notice', tone: 'error', topic: 'hook.ended' },
            text: [
              `${run.eventName}: ${run.status}`,
              run.statusMessage,
              ...run.entries.map(({ text }) => text),
            ]
              .filter(Boolean)
              .join('\n'),
          }),
        ],
  ),
  'serverRequest/resolved': on(wire.requestResolvedSchema, ({ requestId }, { connectionId }) => [
    {
      type: 'provider.requestResolved',
      connectionId,
      requestId: requestIdOf(connectionId, String(requestId)),
      owner: 'turn',
    },
  ]),
};

/** By method. */
export const TRANSLATIONS: ReadonlyMap<string, Translation> = new Map(Object.entries(BY_METHOD));

const STEP_STATUS = { pending: 'pending', inProgress: 'running', completed: 'completed' } as const;

/** The turn that a frame is about; a sub-agent's own turns are not turns of the thread. */
const at = ({ connectionId, agent }: Scope, nativeTurnId: string | null) => ({
  connectionId,
  ...byNative(agent?.nativeTurnId ?? nativeTurnId),
});

const ofThreadItself = ({ agent }: Scope, report: ProviderReport): readonly ProviderReport[] =>
  agent === null ? [report] : [];

const parentOf = ({ agent }: Scope) => (agent === null ? {} : { parentItemId: agent.itemId });

/** A sub-agent's item names its thread. */
function withThread(draft: ItemDraft | null, { threadOf }: Scope): ItemDraft | null {
  if (draft?.body.kind !== 'subagent' || draft.body.nativeThreadId === undefined) return draft;
  const threadId = threadOf(draft.body.nativeThreadId);
  return threadId === null ? draft : { ...draft, body: { ...draft.body, threadId } };
}

function itemTranslation(type: 'provider.itemStarted' | 'provider.itemCompleted'): Translation {
  return on(wire.itemNoticeSchema, ({ turnId, item }, scope) => {
    const known = wire.itemSchema.safeParse(item);
    const frame = { method: `item:${item.type}`, params: { turnId, item } };
    if (!known.success) return [unrecognized(frame, scope, item.id)];
    const place = { nativeTurnId: turnId, isDone: type === 'provider.itemCompleted', rawRef: scope.rawRef };
    const draft = withThread(draftOf(known.data, { ...place, ...parentOf(scope) }), scope);
    // 0.169.0 begins a new answer for a message that joins, and throws away what it was saying
    const isJoining = item.type === 'userMessage' && type === 'provider.itemStarted';
    const cut = isJoining ? [cutOf(scope, turnId)] : [];
    if (draft === null) return cut;
    // a sub-agent goes on when the call that began it is over
    const isOpen = type === 'provider.itemCompleted' && draft.status === 'open';
    const report = isOpen ? 'provider.itemUpdated' : type;
    // a review says nothing else of the beginning of its turn
    const isReview = item.type === 'enteredReviewMode' && type === 'provider.itemStarted';
    const start = isReview ? ofThreadItself(scope, startOf(scope, turnId)) : [];
    return [...cut, ...start, { type: report, ...at(scope, turnId), item: draft }];
  });
}

const startOf = (scope: Scope, turnId: string): ProviderReport => ({
  type: 'provider.turnStarted',
  ...at(scope, turnId),
  isNew: false,
});

const cutOf = (scope: Scope, turnId: string): ProviderReport => ({
  type: 'provider.textCut',
  ...at(scope, turnId),
  parentItemId: scope.agent?.itemId ?? null,
});

function deltaOf(
  { turnId, itemId, delta }: Pick<z.infer<typeof wire.deltaSchema>, 'turnId' | 'itemId' | 'delta'>,
  { connectionId }: Scope,
): readonly ProviderReport[] {
  if (delta === '') return [];
  return [{ type: 'provider.itemDelta', connectionId, itemId: itemIdOf(turnId, itemId), text: delta }];
}

/**
 * A retry is told as one notice, which each further try replaces. It belongs to no turn: a provider that tries again for
 * ever must not look as if it made progress (codex 0.169.0 does so while the network is away).
 */
function errorReport(
  { turnId, error, willRetry }: z.infer<typeof wire.errorNoticeSchema>,
  scope: Scope,
): ProviderReport {
  const details = [error.message, error.additionalDetails].filter(Boolean).join('\n');
  if (willRetry) {
    const key = `retrying:${turnId}`;
    const body = { kind: 'notice', tone: 'error', topic: 'provider.retrying' } as const;
    return itemReport({ ...scope, agent: null }, null, { key, body, text: details, ...parentOf(scope) });
  }
  const { code, retryable } = failureOfTurn(error);
  return itemReport(scope, turnId, {
    key: `error:${scope.rawRef}`,
    body: { kind: 'error', code, retryable },
    text: details,
    status: 'failed',
  });
}

interface OwnItem {
  /** Unique in the turn, or in the connection where there is none. */
  readonly key: string;
  readonly body: ItemBody;
  readonly text: string;
  readonly status?: ItemStatus;
  readonly parentItemId?: ItemId;
}

/** An entry of the transcript that codex has no item for. */
function itemReport(scope: Scope, turnId: string | null, { key, ...item }: OwnItem): ProviderReport {
  return {
    type: 'provider.itemCompleted',
    ...at(scope, turnId),
    item: {
      itemId: itemIdOf(turnId ?? scope.connectionId, key),
      status: 'completed',
      ...parentOf(scope),
      ...item,
      rawRef: scope.rawRef,
    },
  };
}

type NoticeScope = Scope & { readonly turnId?: string; readonly tone?: 'info' | 'error' };

function notice(scope: NoticeScope, topic: string, text: string): ProviderReport {
  const body = { kind: 'notice', tone: scope.tone ?? 'info', topic } as const;
  return itemReport(scope, scope.turnId ?? null, { key: `${topic}:${scope.rawRef}`, body, text });
}

type CodexUsage = z.infer<typeof wire.usageNoticeSchema>['tokenUsage'];

/** Counts are of the whole thread; the last response tells how full the context is. */
function usageOf({ total, last, modelContextWindow }: CodexUsage) {
  return {
    inputTokens: total.inputTokens,
    cachedInputTokens: total.cachedInputTokens,
    outputTokens: total.outputTokens,
    reasoningTokens: total.reasoningOutputTokens,
    contextTokens: last.totalTokens,
    contextWindow: modelContextWindow ?? null,
  };
}
