/** Whole inputs of the catalogue in a word each, about thread `t1`. Turns and requests are named by a letter. */
import type { Task, TaskResult } from '../../machines/domain/task.ts';
import type { TransferPlan } from '../../machines/domain/transfer.ts';
import type { Lineage } from '../../machines/domain/lineage.ts';
import { RESUME as RESUMED } from '../../machines/domain/opening.ts';
import type { Capabilities } from '../../machines/domain/capability.ts';
import type { Point } from '../../machines/domain/checkpoint.ts';
import { failure, type ErrorCode } from '../../machines/domain/error.ts';
import {
  connectionIdOf,
  instanceIdSchema,
  itemIdSchema,
  requestIdSchema,
  threadIdSchema,
  turnIdSchema,
  type ConnectionId,
  type TurnId,
} from '../../machines/domain/ids.ts';
import type { Session, ThreadInput, ThreadInputOf } from '../../machines/domain/input.ts';
import type { SubmitMode } from '../../machines/domain/command.ts';
import type { ItemDraft } from '../../machines/domain/item.ts';
import type { Answer, Decision, Owner } from '../../machines/domain/request.ts';
import type { Settings } from '../../machines/domain/settings.ts';
import type { Prompt } from '../../machines/domain/turn.ts';
import type { WorktreeRequest } from '../../machines/domain/worktree.ts';

export const THREAD = threadIdSchema.parse('t1');
export const turnOf = (name: string): TurnId => turnIdSchema.parse(name);
/** The `number`-th opening of the thread's connection. */
export const link = (number = 1): ConnectionId => connectionIdOf(THREAD, number);

export const SETTINGS: Settings = {
  title: '',
  cwd: '/w',
  instanceId: instanceIdSchema.parse('i'),
  model: null,
  options: {},
  runtimeMode: 'approval-required',
  policy: {},
  interactionMode: 'default',
  deliveryMode: 'streaming',
};
export const OTHER_INSTANCE = instanceIdSchema.parse('j');
export const CAPABILITIES: Capabilities = {
  interrupt: true,
  nativeSteer: false,
  images: false,
  planMode: true,
  resume: true,
  compact: true,
};

export type Start = Omit<ThreadInputOf<'thread.create'>, 'type'>;
export const startOf = (
  capabilities: Partial<Capabilities> = {},
  settings: Partial<Settings> = {},
): Start => ({
  threadId: THREAD,
  settings: { ...SETTINGS, ...settings },
  capabilities: { ...CAPABILITIES, ...capabilities },
  lineage: null,
  opening: RESUMED,
});

export const WORKTREE_REQUEST: WorktreeRequest = { base: null, branch: null, setup: null };
/** Of a thread that has a working tree of its own. */
export const startInWorktree = (capabilities: Partial<Capabilities> = {}): Start => ({
  ...startOf(capabilities),
  worktree: WORKTREE_REQUEST,
});
export const MADE = { root: '/t', cwd: '/t/w', branch: 'b', source: '/' } as const;
export const made = (attempt = 1): ThreadInput => ({ type: 'worktree.made', attempt, ...MADE });
export const unmade = (attempt = 1): ThreadInput => ({
  type: 'worktree.failed',
  attempt,
  failure: cause('WORKTREE_FAILED'),
});

// ---- commands ----------------------------------------------------------------------------------------------------

export const promptOf = (name: string, more: Partial<Prompt> = {}): Prompt => ({
  turnId: turnOf(name),
  text: name,
  attachments: [],
  ...more,
});

export function submit(
  name: string,
  mode: SubmitMode = 'start',
  expected: string | null = null,
): ThreadInput {
  const named = expected === null ? null : turnOf(expected);
  return { type: 'turn.submit', mode, expected: named, prompt: promptOf(name) };
}
export const interrupt = (name: string | null = null): ThreadInput => ({
  type: 'turn.interrupt',
  turnId: name === null ? null : turnOf(name),
});
export const retry = (name: string): ThreadInput => ({ type: 'turn.retry', turnId: turnOf(name) });
export const compact = (name: string): ThreadInput => ({ type: 'thread.compact', turnId: turnOf(name) });
export const STOP: ThreadInput = { type: 'thread.stop' };
export const ARCHIVE: ThreadInput = { type: 'thread.archive' };
export const UNARCHIVE: ThreadInput = { type: 'thread.unarchive' };
export const switchTo = (instance: string, model: string | null = null): ThreadInput => ({
  type: 'thread.switchProvider',
  instanceId: instanceIdSchema.parse(instance),
  model,
  options: {},
  capabilities: CAPABILITIES,
});
export const DELETE: ThreadInput = { type: 'thread.delete' };
export const RESUME: ThreadInput = { type: 'queue.resume' };
/** Of this thread, at a turn that has completed. */
export const fork = (child: string, more: Partial<Start> = {}): ThreadInput => ({
  type: 'thread.fork',
  create: {
    type: 'thread.create',
    ...startOf(),
    threadId: threadIdSchema.parse(child),
    lineage: lineageOf(),
    ...more,
  },
  transfer: null,
});
export const mergeBack = (into: string, until: number): ThreadInput => ({
  type: 'thread.mergeBack',
  into: threadIdSchema.parse(into),
  until,
});
export const offered = (source: string, more: Partial<TransferPlan> = {}): ThreadInput => ({
  type: 'transfer.offered',
  plan: { kind: 'merge-back', source: threadIdSchema.parse(source), after: 1, until: 2, ...more },
});
const TASK: Task = {
  taskId: turnOf('k'),
  threadId: threadIdSchema.parse('child'),
  instanceId: instanceIdSchema.parse('i'),
  title: 'look',
  wake: 'settled',
};
/** To a thread that is there already. */
export const delegated = (name = 'k', more: Partial<Task> = {}): ThreadInput => ({
  type: 'task.delegate',
  task: { ...TASK, taskId: turnOf(name), ...more },
  create: null,
  prompt: promptOf(name, { from: [THREAD] }),
});
export const taskEnded = (name = 'k', more: Partial<TaskResult> = {}): ThreadInput => ({
  type: 'task.ended',
  taskId: turnOf(name),
  threadId: TASK.threadId,
  result: { outcome: 'completed', failure: null, text: 'found', isCut: false, ...more },
});
export const acknowledged = (name = 'k'): ThreadInput => ({
  type: 'task.acknowledge',
  taskIds: [turnOf(name)],
});
export const lineageOf = (more: Partial<Lineage> = {}): Lineage => ({
  kind: 'fork',
  parentId: THREAD,
  turnId: turnOf('a'),
  turnOrdinal: 1,
  itemOrdinal: 2,
  version: 9,
  ...more,
});
export const cancel = (name: string): ThreadInput => ({ type: 'queue.cancel', queueEntryId: turnOf(name) });
export const promote = (name: string): ThreadInput => ({ type: 'queue.promote', queueEntryId: turnOf(name) });
export const edit = (name: string, text: string): ThreadInput => ({
  type: 'queue.edit',
  queueEntryId: turnOf(name),
  text,
});
export const reorder = (name: string, before: string | null): ThreadInput => ({
  type: 'queue.reorder',
  queueEntryId: turnOf(name),
  before: before === null ? null : turnOf(before),
});
export function respond(name: string, decision: Decision = 'accept', owner: Owner = 'turn'): ThreadInput {
  const answer: Answer = { decision };
  return { type: 'request.respond', requestId: requestIdSchema.parse(name), owner, answer };
}

// ---- the provider ------------------------------------------------------------------------------------------------

export const cause = (code: ErrorCode) => failure(code, code);

const session: Session['nativeThreadId'] = 'native';
export const opened = (number = 1, capabilities: Partial<Capabilities> = {}): ThreadInput => ({
  type: 'connection.opened',
  connectionId: link(number),
  nativeThreadId: session,
  resumed: number > 1,
  capabilities: { ...CAPABILITIES, ...capabilities },
  model: null,
});
/** The provider has begun another conversation on the open connection. */
export const replaced = (nativeThreadId: string): ThreadInput => ({
  type: 'connection.opened',
  connectionId: link(1),
  nativeThreadId,
  resumed: false,
  capabilities: CAPABILITIES,
  model: null,
});
export const openFailed = (number = 1, code: ErrorCode = 'OPEN_FAILED'): ThreadInput => ({
  type: 'connection.openFailed',
  connectionId: link(number),
  failure: cause(code),
});
export const closed = (number = 1): ThreadInput => ({
  type: 'connection.closed',
  connectionId: link(number),
});
export const closeFailed = (number = 1): ThreadInput => ({
  type: 'connection.closeFailed',
  connectionId: link(number),
  failure: cause('CLOSE_FAILED'),
});
export const lost = (number = 1, more: { readonly forgotten?: true } = {}): ThreadInput => ({
  type: 'connection.lost',
  connectionId: link(number),
  failure: cause('CONNECTION_LOST'),
  ...more,
});
export const delayed = (number = 1): ThreadInput => ({
  type: 'connection.delayed',
  connectionId: link(number),
});
export const idled = (number = 1): ThreadInput => ({ type: 'connection.idled', connectionId: link(number) });

export interface Ref {
  /** Number of the connection; 1 unless told. */
  readonly on?: number;
  readonly attempt?: number;
  readonly native?: string | null;
}
const refOf = (name: string | null, { on = 1, attempt = 1, native = null }: Ref = {}) => ({
  connectionId: link(on),
  turnId: name === null ? null : turnOf(name),
  attempt: name === null ? 0 : attempt,
  nativeTurnId: native,
});

export const accepted = (name: string | null, ref?: Ref): ThreadInput => ({
  type: 'provider.turnAccepted',
  ...refOf(name, ref),
});
export const refused = (name: string | null, ref?: Ref): ThreadInput => ({
  type: 'provider.turnRefused',
  ...refOf(name, ref),
  failure: cause('START_REFUSED'),
});
export const started = (name: string | null, ref?: Ref): ThreadInput => ({
  type: 'provider.turnStarted',
  ...refOf(name, ref),
  isNew: false,
});
/** A turn of the provider's own making, known to it by the same name. */
export const began = (name: string, ref?: Ref): ThreadInput => ({
  type: 'provider.turnStarted',
  ...refOf(name, { native: `native-${name}`, ...ref }),
  isNew: true,
});
export const ended = (
  name: string | null,
  outcome: 'completed' | 'failed' | 'interrupted' = 'completed',
  ref?: Ref,
): ThreadInput => ({
  type: 'provider.turnEnded',
  ...refOf(name, ref),
  outcome,
  failure: outcome === 'failed' ? cause('PROVIDER_ERROR') : null,
});
export const absorbed = (name: string | null, into: string, ref?: Ref): ThreadInput => ({
  type: 'provider.turnAbsorbed',
  ...refOf(name, ref),
  into: turnOf(into),
});
export const inactive = (state: ThreadInputOf<'provider.becameInactive'>['state'], on = 1): ThreadInput => ({
  type: 'provider.becameInactive',
  connectionId: link(on),
  state,
  failure: state === 'error' ? cause('PROVIDER_ERROR') : null,
});
export const folding = (folds = true, on = 1): ThreadInput => ({
  type: 'provider.foldingChanged',
  connectionId: link(on),
  folds,
});
export const usage = (on = 1, contextTokens = 10): ThreadInput => ({
  type: 'provider.usageReported',
  connectionId: link(on),
  usage: {
    inputTokens: 0,
    cachedInputTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    contextTokens,
    contextWindow: null,
  },
});
export const plan = (name: string | null, ref?: Ref): ThreadInput => ({
  type: 'provider.planReported',
  ...refOf(name, ref),
  explanation: null,
  steps: [{ text: 'step', status: 'pending' }],
});
export const interruptRefused = (name: string | null, ref?: Ref): ThreadInput => ({
  type: 'provider.interruptRefused',
  ...refOf(name, ref),
  failure: cause('PROVIDER_ERROR'),
});
export const steerAccepted = (name: string | null, steer: string, ref?: Ref): ThreadInput => ({
  type: 'provider.steerAccepted',
  ...refOf(name, ref),
  steerId: turnOf(steer),
});
export const steerRefused = (name: string | null, steer: string, ref?: Ref): ThreadInput => ({
  type: 'provider.steerRefused',
  ...refOf(name, ref),
  steerId: turnOf(steer),
  failure: cause('STEER_REFUSED'),
});
export const lookedUp = (
  name: string,
  found: ThreadInputOf<'provider.turnLookedUp'>['found'],
  attempt = 1,
): ThreadInput => ({
  type: 'provider.turnLookedUp',
  turnId: turnOf(name),
  attempt,
  found,
  failure: found === 'failed' ? cause('PROVIDER_ERROR') : null,
});

/** `task`: the item of the background work that asks. */
type AskRef = Ref & { readonly owner?: Owner; readonly task?: string };
export function asked(name: string, request: string, ref: AskRef = {}): ThreadInput {
  const { owner = 'turn', task, ...rest } = ref;
  return {
    type: 'provider.requestOpened',
    ...refOf(name, rest),
    owner,
    request: {
      requestId: requestIdSchema.parse(request),
      nativeRequestId: `native-${request}`,
      body: { kind: 'command', command: 'make' },
      decisions: ['accept', 'decline'],
      ...(task === undefined ? {} : { taskId: itemIdSchema.parse(task) }),
    },
  };
}
const aboutRequest = (request: string, owner: Owner, on: number) => ({
  connectionId: link(on),
  requestId: requestIdSchema.parse(request),
  owner,
});
export const resolved = (request: string, owner: Owner = 'turn', on = 1): ThreadInput => ({
  type: 'provider.requestResolved',
  ...aboutRequest(request, owner, on),
});
export const undeliverable = (request: string, owner: Owner = 'turn', on = 1): ThreadInput => ({
  type: 'provider.requestUndeliverable',
  ...aboutRequest(request, owner, on),
  failure: cause('ANSWER_UNDELIVERED'),
});

export function item(
  kind: 'Started' | 'Updated' | 'Completed',
  name: string | null,
  draft: Partial<ItemDraft> & { readonly id: string; readonly ref?: Ref },
): ThreadInput {
  const { id, ref, ...more } = draft;
  const whole: ItemDraft = {
    itemId: itemIdSchema.parse(id),
    body: { kind: 'assistant_message' },
    text: '',
    status: kind === 'Completed' ? 'completed' : 'open',
    ...more,
  };
  return { type: `provider.item${kind}`, ...refOf(name, ref), item: whole };
}

// ---- the runtime -------------------------------------------------------------------------------------------------

export const settled = (name: string, attempt = 1): ThreadInput => ({
  type: 'turn.settled',
  turnId: turnOf(name),
  attempt,
});
export const built = (transfer: string, text = 'what was said'): ThreadInput => ({
  type: 'transfer.built',
  transferId: itemIdSchema.parse(transfer),
  text,
  report: { entryCount: 1, leftOut: { entryCount: 0, characterCount: 0 }, attachments: [] },
});
export const notBuilt = (transfer: string): ThreadInput => ({
  type: 'transfer.failed',
  transferId: itemIdSchema.parse(transfer),
  failure: cause('TRANSFER_FAILED'),
});
export const RECOVERED: ThreadInput = { type: 'runtime.recovered' };
export const implemented = (plan: string, by = 'b', isFirst = true): ThreadInput => ({
  type: 'plan.implemented',
  itemId: itemIdSchema.parse(plan),
  by: { threadId: threadIdSchema.parse('t2'), turnId: turnOf(by) },
  isFirst,
});
export const WARNED: ThreadInput = { type: 'runtime.warned', topic: 'a.warning', text: 'look at that' };
export const JUMPED: ThreadInput = { type: 'runtime.clockJumped', byMs: 1000 };

export const captured = (name: string, point: Point, fileCount = 1): ThreadInput => ({
  type: 'checkpoint.captured',
  turnId: turnOf(name),
  point,
  root: '/w',
  tree: `${name}.${point}`,
  ref: `refs/${name}/${point}`,
  changes: point === 'before' ? null : { fileCount, additions: 1, deletions: 0, files: [] },
  overlaps: [],
});
export const missing = (name: string, point: Point): ThreadInput => ({
  type: 'checkpoint.missing',
  turnId: turnOf(name),
  point,
  reason: 'no repository',
});
export const uncaptured = (name: string, point: Point): ThreadInput => ({
  type: 'checkpoint.failed',
  turnId: turnOf(name),
  point,
  failure: cause('GIT_FAILED'),
});
export interface Back {
  readonly to?: string | null;
  readonly ordinal?: number;
  readonly gone?: readonly string[];
  readonly files?: boolean;
  readonly conversation?: boolean;
  /** Of an edit. */
  readonly prompt?: string;
}
export function rollback({ to = null, ordinal = 0, gone = [], prompt, ...more }: Back = {}): ThreadInput {
  return {
    type: 'checkpoint.rollback',
    rollback: {
      rollbackId: itemIdSchema.parse('back'),
      turnId: to === null ? null : turnOf(to),
      ordinal,
      nativeTurnId: to === null ? null : `n.${to}`,
      files: true,
      conversation: true,
      turnIds: gone.map(turnOf),
      force: [],
      prompt: prompt === undefined ? null : promptOf(prompt),
      ...more,
    },
  };
}
export const restored = (id = 'back', code: ErrorCode | null = null): ThreadInput => ({
  type: 'checkpoint.restored',
  rollbackId: itemIdSchema.parse(id),
  restored: code === null ? { fileCount: 1, conflictCount: 0, conflicts: [] } : null,
  failure: code === null ? null : cause(code),
});

// ---- whole stretches ---------------------------------------------------------------------------------------------

/** A prompt that has been handed over; the connection is open. */
export const handed = (name: string, on = 1): ThreadInput[] => [submit(name), opened(on)];
/** A prompt at which the provider works. */
export const running = (name: string, on = 1): ThreadInput[] => [
  ...handed(name, on),
  accepted(name, { on }),
  started(name, { on }),
];
/** The same, where the provider takes messages in a running turn. */
export const runningNative = (name: string): ThreadInput[] => [
  submit(name),
  opened(1, { nativeSteer: true }),
  accepted(name),
  started(name),
];
/** To the end of a turn that runs. */
export const finished = (
  name: string,
  outcome: 'completed' | 'failed' | 'interrupted' = 'completed',
  ref: Ref = {},
): ThreadInput[] => [ended(name, outcome, ref), settled(name, ref.attempt)];
