/** What an agent asks a person, and what it is answered. */
import { requestIdOf, type ConnectionId, type ItemId } from '../../machines/domain/ids.ts';
import type { ThreadInputOf } from '../../machines/domain/input.ts';
import type { Answer, Decision, RequestBody } from '../../machines/domain/request.ts';
import { contentOf, formSchema, questionsOf, type FormFields } from '../shared/forms.ts';
import type { JsonRpcId } from '../shared/json-rpc.ts';
import type { TurnRef } from '../shared/own-items.ts';
import { requestBodyOf, type Tool } from './items.ts';
import type * as wire from './wire.ts';
import type { PermissionOptions } from './wire.ts';
import type { z } from 'zod';

/** What an answer has to look like; kept beside an open request. */
export type ReplyForm =
  | { readonly kind: 'permission'; readonly toolCallId: string; readonly options: PermissionOptions }
  | { readonly kind: 'form'; readonly fields: FormFields }
  | { readonly kind: 'page'; readonly elicitationId: string };

/** A request of the agent that waits for its answer. */
export interface OpenRequest {
  readonly nativeId: JsonRpcId;
  readonly form: ReplyForm;
}

/** A question of the agent for a person. */
export interface Asked {
  readonly report: ThreadInputOf<'provider.requestOpened'>;
  readonly form: ReplyForm;
}

/** What a request is read for. */
export interface AskScope {
  readonly connectionId: ConnectionId;
  readonly nativeId: JsonRpcId;
  readonly rawRef: string;
  readonly cwd: string;
  /** The turn that runs, or the last one. */
  readonly turn: TurnRef;
}

type Permission = z.infer<typeof wire.permissionSchema>;

/** The call is in the transcript already: the question may be the first that is told of it. */
export function permissionAsked(
  { toolCall, options }: Permission,
  { tool, itemId }: { readonly tool: Tool; readonly itemId: ItemId },
  scope: AskScope,
): Asked {
  const form: ReplyForm = { kind: 'permission', toolCallId: toolCall.toolCallId, options };
  const body = requestBodyOf(tool, scope.cwd);
  return { form, report: { ...requestOf(scope, { body, decisions: decisionsOf(options), itemId }) } };
}

interface Shown {
  readonly body: RequestBody;
  readonly decisions: Decision[];
  readonly itemId?: ItemId;
  readonly reason?: string;
}

const requestOf = (
  { connectionId, nativeId, rawRef, turn }: AskScope,
  shown: Shown,
): ThreadInputOf<'provider.requestOpened'> => ({
  type: 'provider.requestOpened',
  connectionId,
  ...turn,
  owner: 'turn',
  request: {
    requestId: requestIdOf(connectionId, String(nativeId)),
    nativeRequestId: String(nativeId),
    ...shown,
    rawRef,
  },
});

// ---- permissions -------------------------------------------------------------------------------------------------

/** Ids of options are free-form, and their order is the agent's: only the kind says what one means. */
function decisionsOf(options: PermissionOptions): Decision[] {
  const has = (kind: string): boolean => options.some((option) => option.kind === kind);
  return [
    ...(has('allow_once') ? (['accept'] as const) : []),
    ...(has('allow_always') ? (['acceptForSession'] as const) : []),
    'decline',
    'cancel',
  ];
}

const KINDS: Readonly<Record<Decision, readonly string[]>> = {
  accept: ['allow_once'],
  acceptForSession: ['allow_always'],
  decline: ['reject_once', 'reject_always'],
  cancel: [],
};

/** A no that no option stands for is told as if the turn had been cancelled: there is no other word. */
export function permissionReply(options: PermissionOptions, decision: Decision): object {
  const option = KINDS[decision].flatMap((kind) => options.filter((each) => each.kind === kind)).at(0);
  return { outcome: option === undefined ? CANCELLED : { outcome: 'selected', optionId: option.optionId } };
}

const CANCELLED = { outcome: 'cancelled' };

/** What a rule of the thread makes of a question; `null`: no option stands for it, so a person is asked. */
export function ruledDecision(options: PermissionOptions, verdict: 'accept' | 'decline'): Decision | null {
  if (verdict === 'decline') return 'decline';
  const decisions = decisionsOf(options);
  return (['accept', 'acceptForSession'] as const).find((decision) => decisions.includes(decision)) ?? null;
}

// ---- elicitation -------------------------------------------------------------------------------------------------

type Elicitation = z.infer<typeof wire.elicitationSchema>;

/** `null`: of a mode that nobody could answer here, or a form that is no form. */
export function elicited(asked: Elicitation, scope: AskScope): Asked | null {
  const { mode, message, url, elicitationId } = asked;
  if (mode === 'url' && url) {
    const form: ReplyForm = { kind: 'page', elicitationId: elicitationId ?? '' };
    const body = { kind: 'tool', tool: 'elicitation', url } as const;
    const shown: Shown = { body, decisions: ['accept', 'decline', 'cancel'], reason: message };
    return { form, report: requestOf(scope, shown) };
  }
  const { data } = formSchema.safeParse(mode === 'form' ? withoutNulls(asked.requestedSchema ?? {}) : null);
  if (data === undefined) return null;
  const form: ReplyForm = { kind: 'form', fields: data.properties };
  const questions = questionsOf(data);
  const body: RequestBody =
    questions.length === 0 ? { kind: 'tool', tool: 'elicitation' } : { kind: 'question', questions };
  const decisions: Decision[] =
    questions.length === 0 ? ['accept', 'decline', 'cancel'] : ['decline', 'cancel'];
  return { form, report: requestOf(scope, { body, decisions, reason: message }) };
}

/** What is optional in a form may be there as null. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(entries.map(([name, each]) => [name, withoutNulls(each)]));
}

function elicitationReply(fields: FormFields, answer: Answer): object {
  if ('answers' in answer) return { action: 'accept', content: contentOf(fields, answer.answers) };
  if (answer.decision === 'decline' || answer.decision === 'cancel') return { action: answer.decision };
  return { action: 'accept', content: {} };
}

// ---- answers -----------------------------------------------------------------------------------------------------

/** An answer of a person as the agent wants it. */
export function replyTo(form: ReplyForm, answer: Answer): object {
  switch (form.kind) {
    case 'permission':
      return permissionReply(form.options, 'decision' in answer ? answer.decision : 'decline');
    case 'form':
      return elicitationReply(form.fields, answer);
    case 'page':
      return elicitationReply({}, answer);
  }
}
