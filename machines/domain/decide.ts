/**
 * (snapshots, look-ups, input) → accepted or refused with a code. First what a chart cannot look up, then whether the
 * root and, where `route` names one, the child can take the input. Charts never call it.
 */
import { answerGap } from './answer.ts';
import type { Capability } from './capability.ts';
import { isUnreachable, type ThreadContext } from './context.ts';
import type { ErrorCode } from './error.ts';
import type { ThreadInput, ThreadInputOf } from './input.ts';
import type { ItemRow } from './item.ts';
import type { RequestRow } from './request.ts';
import { route } from './route.ts';
import { TASK_LIMIT } from './task.ts';

/** As much of a machine's snapshot as a decision needs. */
export interface ChartView {
  readonly status: string;
  can(event: { readonly type: string }): boolean;
  hasTag(tag: string): boolean;
}

export interface ThreadView {
  readonly root: ChartView;
  readonly context: ThreadContext;
  readonly connection?: ChartView;
  readonly turn?: ChartView;
}

/** What is known of the request that an input names. */
export type RequestLookup = Pick<RequestRow, 'status' | 'outcome' | 'decisions' | 'body'> | null;

export interface Lookups {
  /** Of the request in `request.respond`; `null`: there is none. */
  readonly request: RequestLookup;
  /** The `sourcePlan` of a prompt; `null`: there is none such. */
  readonly plan: PlanLookup;
  /** Why nothing can begin on the thread's instance; absent or `null`: it can. */
  readonly instance?: Refusal | null;
}

/** What is known of the item that is named as a plan. */
export type PlanLookup = Pick<ItemRow, 'status' | 'body'> | null;

export interface Refusal {
  readonly code: ErrorCode;
  /** For the message: what the input would have needed. */
  readonly why: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** `null`: accepted. */
export function decide(view: ThreadView, input: ThreadInput, lookups: Lookups): Refusal | null {
  return refusedByRules(view, input, lookups) ?? (canTake(view, input) ? null : refusedByCharts(view, input));
}

/** Whether root and child take it; the only question for inputs that are not commands. */
export function canTake(view: ThreadView, input: ThreadInput): boolean {
  if (!view.root.can(input)) return false;
  const to = route(input, view.context);
  if (to.child === null) return true;
  const child = view[to.child];
  return child?.status === 'active' && child.can(to.event);
}

function refusedByRules(view: ThreadView, input: ThreadInput, lookups: Lookups): Refusal | null {
  const refused = refusedAll(view, input, lookups);
  if (refused !== null) return refused;
  switch (input.type) {
    case 'turn.submit':
      return refusedSubmit(view, input) ?? refusedPlan(input, lookups.plan);
    case 'queue.promote':
      return unableToSteer(view);
    case 'request.respond':
      return refusedRespond(input, lookups.request);
    case 'thread.mergeBack':
      return unableToMerge(view, input);
    default:
      return unable(view, input);
  }
}

/** Where the provider cannot do what is asked for. */
function unable(view: ThreadView, input: ThreadInput): Refusal | null {
  switch (input.type) {
    case 'thread.compact':
      return missing(view, 'compact', true);
    case 'thread.setModel':
      return unableToSwitch(view, input.model);
    case 'thread.setInteractionMode':
      return missing(view, 'planMode', input.interactionMode === 'plan');
    case 'thread.switchProvider':
      return unableToPlan(view, input);
    case 'turn.interrupt':
      return view.context.activeTurn === null ? null : missing(view, 'interrupt', true);
    default:
      return null;
  }
}

/** Whatever the input asks for. */
function refusedAll(
  { root, context }: ThreadView,
  input: ThreadInput,
  { instance = null }: Lookups,
): Refusal | null {
  if (root.hasTag('deleted') || context.link.closing === 'delete') {
    return { code: 'THREAD_DELETED', why: 'the thread is deleted' };
  }
  if (context.archived && BEGINNERS.has(input.type)) return ARCHIVED;
  return needsInstance(input) ? instance : null;
}

/** What makes the provider work. */
const BEGINNERS: ReadonlySet<ThreadInput['type']> = new Set([
  'turn.submit',
  'turn.retry',
  'thread.compact',
  'queue.promote',
  'checkpoint.rollback',
]);
/** A steer joins what runs already. */
function needsInstance(input: ThreadInput): boolean {
  if (input.type === 'turn.submit') return input.mode !== 'steer';
  if (input.type === 'checkpoint.rollback') return input.rollback.prompt !== null;
  return input.type === 'turn.retry' || input.type === 'thread.compact' || input.type === 'queue.resume';
}
const ARCHIVED: Refusal = { code: 'THREAD_ARCHIVED', why: 'the thread is archived' };

function refusedSubmit(view: ThreadView, input: ThreadInputOf<'turn.submit'>): Refusal | null {
  const { mode, expected, prompt } = input;
  const active = view.context.activeTurn?.turnId ?? null;
  if (
    (mode === 'steer' || mode === 'restart') &&
    (active === null || (expected !== null && expected !== active))
  ) {
    return { code: 'TURN_NOT_ACTIVE', why: 'the turn is not active', details: { activeTurnId: active } };
  }
  const ability = mode === 'steer' ? unableToSteer(view) : missing(view, 'interrupt', mode === 'restart');
  return (
    ability ??
    missing(view, 'images', prompt.attachments.length > 0) ??
    (prompt.model === undefined ? null : unableToSwitch(view, prompt.model))
  );
}

/** Before its conversation has begun a thread can have any model. */
function unableToSwitch({ context }: ThreadView, model: string | null): Refusal | null {
  const { session, settings, capabilities } = context;
  if (session === null || model === settings.model || capabilities.modelSwitch !== false) return null;
  return lacking('modelSwitch');
}

function unableToMerge(
  { context: { lineage } }: ThreadView,
  { into }: ThreadInputOf<'thread.mergeBack'>,
): Refusal | null {
  if (lineage?.kind === 'fork' && lineage.parentId === into) return null;
  return { code: 'THREAD_NOT_FORKED', why: `it is no fork of thread ${into}`, details: { into } };
}

/** What the thread is set to must be possible there, too. */
function unableToPlan(
  { context: { settings } }: ThreadView,
  { capabilities }: ThreadInputOf<'thread.switchProvider'>,
): Refusal | null {
  return settings.interactionMode === 'plan' && !capabilities.planMode ? lacking('planMode') : null;
}

function refusedPlan({ prompt }: ThreadInputOf<'turn.submit'>, plan: PlanLookup): Refusal | null {
  if (prompt.sourcePlan === undefined) return null;
  if (plan?.body.kind !== 'plan' || plan.status !== 'completed') {
    return { code: 'PLAN_NOT_FOUND', why: 'there is no such plan', details: prompt.sourcePlan };
  }
  const { implementedBy } = plan.body;
  if (implementedBy === undefined) return null;
  return { code: 'PLAN_IMPLEMENTED', why: 'the plan is implemented already', details: implementedBy };
}

function unableToSteer(view: ThreadView): Refusal | null {
  const { nativeSteer } = view.context.capabilities;
  if (isUnreachable(view.context)) return lacking('nativeSteer');
  return nativeSteer ? null : missing(view, 'interrupt', true);
}

function missing({ context }: ThreadView, capability: Capability, isNeeded: boolean): Refusal | null {
  return !isNeeded || context.capabilities[capability] ? null : lacking(capability);
}

const lacking = (capability: Capability): Refusal => ({
  code: 'CAPABILITY_UNSUPPORTED',
  why: `the provider lacks ${capability}`,
  details: { capability },
});

function refusedRespond(
  { answer }: ThreadInputOf<'request.respond'>,
  request: RequestLookup,
): Refusal | null {
  if (request === null) return { code: 'REQUEST_NOT_FOUND', why: 'there is no such request' };
  const { status, outcome, decisions, body } = request;
  if (status === 'closed') return { code: 'REQUEST_CLOSED', why: 'it is closed', details: { outcome } };
  if (status === 'answering') return { code: 'REQUEST_BEING_ANSWERED', why: 'an answer is on its way' };
  const isOffered =
    'decision' in answer
      ? decisions.includes(answer.decision)
      : body.kind === 'question' &&
        Object.keys(answer.answers).every((id) =>
          body.questions.some((question) => question.questionId === id),
        );
  if (!isOffered)
    return { code: 'DECISION_NOT_OFFERED', why: 'the request does not offer that', details: { decisions } };
  const gap =
    'answers' in answer && body.kind === 'question' ? answerGap(body.questions, answer.answers) : null;
  if (gap === null) return null;
  const { questionId, why } = gap;
  return { code: 'ANSWER_INVALID', why: `the answer does not fit: ${why}`, details: { questionId } };
}

/** The charts do not say why; the state does. */
function refusedByCharts(view: ThreadView, input: ThreadInput): Refusal {
  switch (input.type) {
    case 'turn.submit':
      return refusedPrompt(view, input.mode);
    case 'turn.retry':
      return view.root.hasTag('busy') ? BUSY : NOTHING_TO_RETRY;
    case 'queue.promote':
      return refusedPromote(view, input);
    case 'task.delegate':
      return view.context.tasks.length < TASK_LIMIT ? NOT_WORKING : TOO_MANY_TASKS;
    default:
      return REFUSALS[input.type] ?? { code: 'INTERNAL', why: `${input.type} is not possible now` };
  }
}

const BUSY: Refusal = {
  code: 'THREAD_BUSY',
  why: 'a turn is starting or running, or a rollback is under way',
};
const NO_ENTRY: Refusal = { code: 'QUEUE_ENTRY_NOT_FOUND', why: 'there is no such queue entry' };
const NOTHING_TO_RETRY: Refusal = {
  code: 'TURN_NOT_RETRYABLE',
  why: 'no prompt has failed or was interrupted',
};
const NOTHING_TO_MERGE: Refusal = {
  code: 'NOTHING_TO_MERGE',
  why: 'no turn has completed that its parent does not have',
};
const NOT_WORKING: Refusal = {
  code: 'TURN_NOT_ACTIVE',
  why: 'only the agent of a turn that goes on can delegate',
};
const TOO_MANY_TASKS: Refusal = { code: 'TASK_LIMIT', why: 'so many tasks have not been told of already' };
const REFUSALS: Readonly<Partial<Record<ThreadInput['type'], Refusal>>> = {
  'turn.interrupt': { code: 'TURN_NOT_ACTIVE', why: 'the turn is not active' },
  'thread.archive': BUSY,
  'thread.switchProvider': BUSY,
  'thread.compact': BUSY,
  'checkpoint.rollback': BUSY,
  'thread.mergeBack': NOTHING_TO_MERGE,
  'queue.resume': ARCHIVED,
  'queue.edit': NO_ENTRY,
  'queue.reorder': NO_ENTRY,
  'queue.cancel': NO_ENTRY,
  'request.respond': { code: 'TURN_ENDING', why: 'the turn is being ended' },
};

function refusedPrompt(view: ThreadView, mode: ThreadInputOf<'turn.submit'>['mode']): Refusal {
  if (mode === 'steer') return { code: 'TURN_ENDING', why: 'the turn is being ended' };
  if (mode === 'start' && view.root.hasTag('busy')) return BUSY;
  return { code: 'QUEUE_FULL', why: 'the queue is full' };
}

function refusedPromote({ context }: ThreadView, { queueEntryId }: ThreadInputOf<'queue.promote'>): Refusal {
  if (context.activeTurn === null) return { code: 'TURN_NOT_ACTIVE', why: 'no turn is active' };
  const isKnown = context.queue.entries.some((entry) => entry.turnId === queueEntryId);
  return isKnown ? { code: 'TURN_ENDING', why: 'the turn is being ended' } : NO_ENTRY;
}
