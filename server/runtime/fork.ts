/** `thread.fork`: what the new thread is told, in the same transaction as its source. */
import type { CommandOf } from '../../machines/domain/command.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { InstanceId, ThreadId } from '../../machines/domain/ids.ts';
import type { ThreadInputOf } from '../../machines/domain/input.ts';
import { RESUME, type Fork } from '../../machines/domain/opening.ts';
import type { Settings } from '../../machines/domain/settings.ts';
import { branchAt, newestCompletedOrdinal, type Branch } from './branch.ts';
import type { LoadedThread } from './loaded-thread.ts';
import { newThread } from './new-thread.ts';
import type { Intake } from './take.ts';
import { checkTurnFiles } from './turn-files.ts';

/**
 * Nothing is asked of a provider yet: the first prompt begins the conversation.
 * @throws {RuntimeError} THREAD_DELETED, TURN_NOT_FOUND, TURN_NOT_COMPLETED, NO_COMPLETED_TURN, CHECKPOINT_MISSING, and what `newThread` does
 */
export function forkInput(
  intake: Intake,
  source: LoadedThread,
  command: CommandOf<'thread.fork'>,
): ThreadInputOf<'thread.fork'> {
  const { threadId, projection, context } = source;
  if (projection.state?.removal !== 'none')
    throw new RuntimeError('THREAD_DELETED', `thread ${threadId} is deleted`);
  const branch = branchAt(intake.parts, threadId, command.turnId);
  const made = newThread(intake, command.newThreadId, settingsOf(context.settings, command));
  const { turn, itemOrdinal } = branch;
  const lineage = {
    kind: 'fork',
    parentId: threadId,
    turnId: turn.turnId,
    turnOrdinal: turn.ordinal,
    itemOrdinal,
    version: source.version + 1,
  } as const;
  const { ownerId } = branch;
  const begun = { ...made, lineage, ...worktreeOf(intake, branch, command) };
  const fork = nativeForkOf(intake.thread(ownerId), branch, made.settings.instanceId);
  if (fork === null) {
    // what its own thread has rolled back since is seen through the fork alone
    const source = turn.status === 'rolledBack' ? threadId : ownerId;
    const transfer = { kind: 'fork', source, after: 0, until: turn.ordinal } as const;
    return { type: command.type, create: { ...begun, opening: RESUME }, transfer };
  }
  const opening = { type: 'fork', fork, threadId: ownerId, turnOrdinal: turn.ordinal } as const;
  return { type: command.type, create: { ...begun, opening }, transfer: null };
}

/** With the files that the turn left, unless a base is named. @throws {RuntimeError} CHECKPOINT_MISSING */
function worktreeOf(
  { parts: { threads, journal } }: Intake,
  { ownerId: threadId, turn: { turnId } }: Branch,
  { worktree }: CommandOf<'thread.fork'>,
): Pick<ThreadInputOf<'thread.create'>, 'worktree'> {
  if (worktree === undefined) return {};
  if (worktree.base !== null) return { worktree };
  const rows = threads.peek(threadId)?.projection.checkpoints;
  checkTurnFiles(rows === undefined ? journal.checkpoint(threadId, turnId) : rows.get(turnId), turnId);
  return { worktree: { ...worktree, filesOf: { threadId, turnId } } };
}

/** Another provider has its own models, and another model its own options. */
function settingsOf(source: Settings, asked: CommandOf<'thread.fork'>): Settings {
  const { instanceId = source.instanceId } = asked;
  const isSame = instanceId === source.instanceId;
  const { model = isSame ? source.model : null } = asked;
  const { options = isSame && model === source.model ? source.options : {} } = asked;
  return {
    ...source,
    instanceId,
    model,
    options,
    title: asked.title ?? source.title,
    runtimeMode: asked.runtimeMode ?? source.runtimeMode,
    policy: asked.policy ?? source.policy,
    interactionMode: asked.interactionMode ?? source.interactionMode,
    deliveryMode: asked.deliveryMode ?? source.deliveryMode,
  };
}

/** By the provider itself, where it can and knows the turn; else what was said is carried. */
function nativeForkOf(owner: LoadedThread | null, branch: Branch, instanceId: InstanceId): Fork | null {
  if (owner === null || owner.context.settings.instanceId !== instanceId) return null;
  if (branch.turn.status === 'rolledBack') return null;
  const { session, capabilities } = owner.context;
  if (session?.state !== 'confirmed' || capabilities.fork === undefined) return null;
  const { nativeThreadId } = session;
  const { nativeTurnId } = branch.turn;
  if (capabilities.fork === 'turn' && nativeTurnId !== null) return { nativeThreadId, nativeTurnId };
  return isWhole(owner, branch) ? { nativeThreadId, nativeTurnId: null } : null;
}

/** The conversation ends with that turn, and has all that comes before it. */
const isWhole = ({ context: { opening, transfers } }: LoadedThread, { isNewest }: Branch): boolean =>
  isNewest && opening.type === 'resume' && transfers.length === 0;

/** All that the fork has completed; whether its parent has it already is for `decide`. @throws {RuntimeError} THREAD_NOT_FOUND, THREAD_DELETED */
export function mergeInput(
  intake: Intake,
  fork: LoadedThread,
  command: CommandOf<'thread.mergeBack'>,
): ThreadInputOf<'thread.mergeBack'> {
  const { projection, context } = fork;
  const into = command.into ?? context.lineage?.parentId;
  if (into === undefined)
    throw new RuntimeError('THREAD_NOT_FORKED', `thread ${fork.threadId} branched off from no other`);
  checkParent(intake, into);
  return { type: command.type, into, until: newestCompletedOrdinal(projection) };
}

function checkParent({ parts: { threads, journal } }: Intake, into: ThreadId): void {
  const broken = threads.quarantine(into);
  if (broken !== null) throw broken;
  const state = threads.peek(into)?.projection.state ?? journal.threadState(into);
  if (state === null) throw new RuntimeError('THREAD_NOT_FOUND', `there is no thread ${into}`);
  if (state.removal !== 'none') throw new RuntimeError('THREAD_DELETED', `thread ${into} is deleted`);
}
