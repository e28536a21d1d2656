/** What a client could ask now: `decide` with probe inputs. Checked again at dispatch. */
import { NO_CAPABILITIES } from './capability.ts';
import { SUBMIT_MODES } from './command.ts';
import type { PendingRollback } from './checkpoint.ts';
import { decide, type Lookups, type Refusal, type ThreadView } from './decide.ts';
import { inheritedTurnOrdinal } from './evolve-state.ts';
import { instanceIdSchema, itemIdSchema, requestIdSchema, threadIdSchema, turnIdSchema } from './ids.ts';
import type { CommandInput } from './input.ts';
import type { Owner } from './request.ts';

const probeTurn = turnIdSchema.parse('probe');
const prompt = { turnId: probeTurn, text: 'probe', attachments: [] };
const probeRequest = requestIdSchema.parse('probe');
const answer = { decision: 'cancel' } as const;

const probeRollback: PendingRollback = {
  rollbackId: itemIdSchema.parse('probe'),
  turnId: null,
  ordinal: 0,
  nativeTurnId: null,
  files: true,
  conversation: true,
  turnIds: [],
  force: [],
  prompt: null,
};
const otherInstance = {
  instanceId: instanceIdSchema.parse('probe'),
  model: null,
  options: {},
  capabilities: { ...NO_CAPABILITIES, planMode: true },
};

const probeTask = {
  taskId: probeTurn,
  threadId: threadIdSchema.parse('probe'),
  instanceId: otherInstance.instanceId,
  title: '',
  wake: 'never',
} as const;

/** Probes that need nothing of the thread; `thread.set` stands for all five of its kind. */
const PLAIN: readonly (readonly [string, CommandInput])[] = [
  ...SUBMIT_MODES.map(
    (mode) => [`turn.submit:${mode}`, { type: 'turn.submit', mode, expected: null, prompt }] as const,
  ),
  ['turn.interrupt', { type: 'turn.interrupt', turnId: null }],
  ['turn.retry', { type: 'turn.retry', turnId: probeTurn }],
  ['thread.compact', { type: 'thread.compact', turnId: probeTurn }],
  ['thread.stop', { type: 'thread.stop' }],
  ['thread.switchProvider', { type: 'thread.switchProvider', ...otherInstance }],
  ['thread.archive', { type: 'thread.archive' }],
  ['thread.unarchive', { type: 'thread.unarchive' }],
  ['thread.delete', { type: 'thread.delete' }],
  ['thread.set', { type: 'thread.setTitle', title: '' }],
  ['checkpoint.rollback', { type: 'checkpoint.rollback', rollback: probeRollback }],
  ['turn.edit', { type: 'checkpoint.rollback', rollback: { ...probeRollback, prompt } }],
  ['queue.resume', { type: 'queue.resume' }],
  ['task.delegate', { type: 'task.delegate', task: probeTask, create: null, prompt }],
  ['task.acknowledge', { type: 'task.acknowledge', taskIds: [] }],
];

/** What is listed only while it would do something. */
function isUseful(name: string, { context }: ThreadView, turnOrdinal: number | null): boolean {
  if (name === 'turn.interrupt') return context.activeTurn !== null;
  if (name === 'thread.archive') return !context.archived;
  if (name === 'thread.unarchive') return context.archived;
  if (name === 'checkpoint.rollback' || name === 'turn.edit')
    return (turnOrdinal ?? context.turnCount) > inheritedTurnOrdinal(context.lineage);
  if (name === 'task.acknowledge') return context.tasks.some(({ result }) => result !== null);
  if (name === 'queue.resume') return context.queue.status === 'held';
  return true;
}

/** What a probe has to be told that is not in the charts. */
export interface Known {
  /** Why nothing can begin on the thread's instance. */
  readonly instance?: Refusal | null;
  /** Ordinal of the newest completed turn. */
  readonly completedTurnOrdinal?: number | null;
  /** Ordinal of the newest turn that is not rolled back. */
  readonly turnOrdinal?: number | null;
}

/** `openRequests`: requests that wait for an answer, with their owners. */
export function canOf(
  view: ThreadView,
  openRequests: readonly OpenRequest[],
  { instance = null, completedTurnOrdinal = null, turnOrdinal = null }: Known = {},
): string[] {
  const none: Lookups = { request: null, plan: null, instance };
  const names = PLAIN.filter(
    ([name, input]) => isUseful(name, view, turnOrdinal) && decide(view, input, none) === null,
  ).map(([name]) => name);
  const entry = view.context.queue.entries[0]?.turnId;
  if (entry !== undefined) {
    names.push('queue.edit', 'queue.reorder', 'queue.cancel');
    const promote = { type: 'queue.promote', queueEntryId: entry } as const;
    if (decide(view, promote, none) === null) names.push('queue.promote');
  }
  if (openRequests.some((request) => canAnswer(view, request))) names.push('request.respond');
  if (completedTurnOrdinal !== null) names.push(...canBranch(view, completedTurnOrdinal));
  return names;
}

/** A thread that takes a title takes this, too. */
function canBranch(view: ThreadView, until: number): string[] {
  const none: Lookups = { request: null, plan: null };
  const into = view.context.lineage?.parentId;
  const merge = into === undefined ? null : ({ type: 'thread.mergeBack', into, until } as const);
  const canMerge = merge !== null && decide(view, merge, none) === null;
  const canFork = decide(view, { type: 'thread.setTitle', title: '' }, none) === null;
  return [...(canFork ? ['thread.fork'] : []), ...(canMerge ? ['thread.mergeBack'] : [])];
}

export interface OpenRequest extends NonNullable<Lookups['request']> {
  readonly requestId: string;
  readonly owner: Owner;
}

function canAnswer(view: ThreadView, request: OpenRequest): boolean {
  const given = request.body.kind === 'question' ? { answers: {} } : answer;
  const requestId = requestIdSchema.safeParse(request.requestId).data ?? probeRequest;
  const input = { type: 'request.respond', requestId, owner: request.owner, answer: given } as const;
  const lookups = { request: { ...request, decisions: ['cancel' as const] }, plan: null };
  return decide(view, input, lookups) === null;
}
