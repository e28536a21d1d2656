/** What a thread has other threads do, how it is told of their ends, and how it tells of its own. */
import { actOf, type Move } from './act.ts';
import type { ThreadContext, TurnEnd } from './domain/context.ts';
import type { Effect } from './domain/effect.ts';
import { itemIdOf, turnIdSchema, type TurnId } from './domain/ids.ts';
import type { ThreadInputOf as Of } from './domain/input.ts';
import type { Item } from './domain/item.ts';
import { TASK_LIMIT, type OwnTask, type Task, type TaskResult } from './domain/task.ts';
import { QUEUE_LIMIT, type HoldReason, type Prompt } from './domain/turn.ts';
import type { ThreadEvent } from './thread-events.ts';
import { added, foldQueue, held } from './thread-queue.ts';

type Context = ThreadContext;
type ThreadMove = Move<Context, never>;

// ---- of the thread that asks ------------------------------------------------------------------------------------

/** The other thread is made, and told, in the same transaction. */
function delegate(context: Context, { task, create, prompt }: Of<'task.delegate'>): ThreadMove {
  const { threadId } = task;
  const submit = { type: 'turn.submit', mode: 'queue', expected: null, prompt } as const;
  const made: Effect[] = create === null ? [] : [{ type: 'tellThread', threadId, input: create }];
  const ordinal = context.itemCount + 1;
  return {
    set: { itemCount: ordinal, tasks: [...context.tasks, { ...task, result: null }] },
    facts: [
      { type: 'task.delegated', task },
      { type: 'item.started', item: itemOf(context, task, { ordinal, result: null }) },
    ],
    effects: [...made, { type: 'tellThread', threadId, input: submit }],
  };
}

/** Kept until the thread is told; where nobody is to tell it, it is over. */
function noteEnd(context: Context, { taskId, result }: Of<'task.ended'>): ThreadMove {
  const task = context.tasks.find((each) => each.taskId === taskId);
  if (task === undefined) return {};
  const { outcome, failure } = result;
  const ordinal = context.itemCount + 1;
  const rest = context.tasks.filter((each) => each !== task);
  const ended = { ...task, result };
  const move: ThreadMove = {
    set: { itemCount: ordinal, tasks: task.wake === 'never' ? rest : [...rest, ended] },
    facts: [
      { type: 'task.ended', taskId, outcome, failure },
      { type: 'item.completed', item: itemOf(context, task, { ordinal, result }) },
    ],
  };
  // between turns it depends on the thread's state whether a person is waited for
  const isNow = task.wake === 'always' && context.activeTurn !== null;
  return isNow ? withNews(context, move, { tasks: [ended], reason: whileArchived(context) }) : move;
}

/** What an archived thread is told waits, in a turn that the provider began as well. */
const whileArchived = ({ archived }: Context): HoldReason | null => (archived ? 'archived' : null);

/** The thread has nothing to do: it is told of all that has ended meanwhile. */
function wake(context: Context, reason: HoldReason | null): ThreadMove {
  return withNews(context, {}, { tasks: endedOf(context), reason: whileArchived(context) ?? reason });
}

/** Nothing new, where they have been told of already. */
function acknowledge(context: Context, { type, taskIds }: Of<'task.acknowledge'>): ThreadMove {
  const known = endedOf(context).filter(({ taskId }) => taskIds.includes(taskId));
  if (known.length === 0) return { facts: [{ type: 'command.noEffect', command: type }] };
  return {
    set: { tasks: context.tasks.filter((each) => !known.includes(each)) },
    facts: [{ type: 'task.told', taskIds: known.map(({ taskId }) => taskId), queueEntryId: null }],
  };
}

/** Whose results nobody has been told. */
const endedOf = ({ tasks }: Context): readonly OwnTask[] => tasks.filter(({ result }) => result !== null);

/** A full queue tells them later. */
export const hasResults = (context: Context): boolean =>
  endedOf(context).length > 0 &&
  context.queue.entries.length < QUEUE_LIMIT &&
  context.link.closing !== 'delete';

/** While its turn runs, and nobody wants it to end with its connection. */
export const canDelegate = ({ activeTurn, tasks, link }: Context): boolean =>
  activeTurn !== null && tasks.length < TASK_LIMIT && link.closing === null;

export const isUnderWay = (
  { tasks }: Context,
  { taskId, threadId }: Pick<Task, 'taskId' | 'threadId'>,
): boolean =>
  tasks.some((task) => task.taskId === taskId && task.threadId === threadId && task.result === null);

interface News {
  readonly tasks: readonly OwnTask[];
  /** The queue has to wait for a person; `null`: it need not. */
  readonly reason: HoldReason | null;
}

/** The same move, and a prompt at the end of the queue that tells the agent of these tasks; never again after that. */
function withNews(context: Context, move: ThreadMove, { tasks, reason }: News): ThreadMove {
  const { queue, ...now } = { ...context, ...move.set };
  const [first] = tasks;
  if (first === undefined || queue.entries.length >= QUEUE_LIMIT) return move;
  const taskIds = tasks.map(({ taskId }) => taskId);
  const prompt = {
    turnId: newsIdOf(first.taskId),
    text: textOf(tasks),
    attachments: [],
    from: sendersOf(tasks),
  };
  const entry = added(prompt, queue.entries.length);
  const waiting = foldQueue(queue, [entry]);
  const hold = reason === null || waiting.status === 'held' ? [] : held(waiting, reason);
  return {
    ...move,
    set: {
      ...move.set,
      tasks: now.tasks.filter(({ taskId }) => !taskIds.includes(taskId)),
      queue: foldQueue(waiting, hold),
    },
    facts: [
      ...(move.facts ?? []),
      { type: 'task.told', taskIds, queueEntryId: prompt.turnId },
      entry,
      ...hold,
    ],
  };
}

const sendersOf = (tasks: readonly OwnTask[]): OwnTask['threadId'][] => [
  ...new Set(tasks.map(({ threadId }) => threadId)),
];

/** Of the prompt that tells of it: derived, since a task is told of once. */
const newsIdOf = (taskId: TurnId): TurnId => turnIdSchema.parse(`${taskId}:0`);

/** Characters of what went wrong. */
const WHY_LENGTH = 500;

const textOf = (tasks: readonly OwnTask[]): string =>
  [
    tasks.length === 1 ? 'A task that you delegated has ended.' : 'Tasks that you delegated have ended.',
    ...tasks.map((task) => partOf(task)),
  ].join('\n\n');

function partOf({ taskId, threadId, instanceId, title, result }: OwnTask): string {
  if (result === null) return '';
  const { outcome, failure, text, isCut } = result;
  const head = `## ${title}\ntask ${taskId}, thread ${threadId} of ${instanceId}: ${outcome}`;
  const why = failure === null ? [] : [`${failure.code}: ${failure.message.slice(0, WHY_LENGTH)}`];
  const more = isCut ? ['[cut here; the tool `read` has all of it]'] : [];
  return [head, ...why, ...(text === '' ? [] : [text]), ...more].join('\n\n');
}

function itemOf(
  { threadId: own }: Context,
  { taskId, threadId, instanceId, title, wake: policy }: Task,
  { ordinal, result }: { readonly ordinal: number; readonly result: TaskResult | null },
): Item {
  const { outcome, failure = null } = result ?? {};
  const end = { ...(outcome && { outcome }), ...(failure && { failure }) };
  return {
    itemId: delegationItemOf(own, taskId),
    ordinal,
    turnId: null,
    attempt: 1,
    body: { kind: 'delegation', taskId, threadId, instanceId, title, wake: policy, ...end },
    text: result?.text ?? '',
    status: result === null ? 'open' : STATUS[result.outcome],
  };
}

const STATUS = {
  completed: 'completed',
  failed: 'failed',
  interrupted: 'interrupted',
  cancelled: 'interrupted',
  absorbed: 'unknown',
  unknown: 'unknown',
} as const satisfies Record<TaskResult['outcome'], Item['status']>;

/** The item of the thread that asked, by which the task is found again when it is over. */
export const delegationItemOf = (threadId: Context['threadId'], taskId: TurnId): Item['itemId'] =>
  itemIdOf(threadId, `task:${taskId}`);

// ---- of the thread that does it ---------------------------------------------------------------------------------

/** Who is told of the end of a prompt: the thread that this one was made for, if it has asked. */
function askerOf({ lineage }: Context, { from = [] }: Prompt): Context['threadId'] | null {
  if (lineage?.kind !== 'delegate') return null;
  return from.includes(lineage.parentId) ? lineage.parentId : null;
}

/** The turn of the prompt has ended, or it will never run. What was said last is looked up when it is told. */
export function reportOf(
  context: Context,
  prompt: Prompt | null,
  { outcome, failure }: Pick<TurnEnd, 'failure'> & Pick<TaskResult, 'outcome'>,
): readonly Effect[] {
  const asker = prompt === null ? null : askerOf(context, prompt);
  if (prompt === null || asker === null) return [];
  const result = { outcome, failure, text: '', isCut: false };
  const { threadId } = context;
  const input = { type: 'task.ended', taskId: prompt.turnId, threadId, result } as const;
  return [{ type: 'tellThread', threadId: asker, input }];
}

/** Prompts that will never run are told of as cancelled. */
export const cancelled = (context: Context, prompts: readonly Prompt[]): readonly Effect[] =>
  prompts.flatMap((prompt) => reportOf(context, prompt, { outcome: 'cancelled', failure: null }));

const act = actOf<Context, ThreadEvent>();

export const taskMoves = {
  delegate: act((context, event: Of<'task.delegate'>) => delegate(context, event)),
  noteTaskEnd: act((context, event: Of<'task.ended'>) => noteEnd(context, event)),
  acknowledge: act((context, event: Of<'task.acknowledge'>) => acknowledge(context, event)),
  wake: act((context, { reason }: { readonly reason: HoldReason | null }) => wake(context, reason)),
};

/** Of a settled state: its agent is told what others have done for it; where a person goes on first, it waits for that. */
export const told = (reason: HoldReason | null) => ({
  always: { guard: 'hasResults', actions: { type: 'wake', params: { reason } } } as const,
});
