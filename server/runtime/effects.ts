/** Named effects of the charts → calls on adapters, after the commit. An effect that was overtaken in its own tick is dropped. */
import type {
  BuildTransfer,
  CheckpointEffect,
  Effect,
  ProviderEffect,
  Rebuild,
  WorktreeEffect,
} from '../../machines/domain/effect.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { InstanceId } from '../../machines/domain/ids.ts';
import type { AgentKeys } from './agent-keys.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { Adapters } from './adapters.ts';
import { refusalOfLateFork } from './late-fork.ts';
import type { LoadedThread } from './loaded-thread.ts';
import type { StagedEffect } from './staging.ts';
import type { ThreadWorktrees } from './thread-worktrees.ts';
import type { Threads } from './threads.ts';
import type { Transfers } from './transfers.ts';

/** What the runtime performs by itself. */
type OwnEffect = CheckpointEffect | WorktreeEffect | Rebuild | BuildTransfer;

/** Who does what the charts ask for. */
export interface Performers {
  readonly adapters: Adapters;
  readonly transfers: Transfers;
  readonly checkpoints: Checkpoints;
  readonly worktrees: ThreadWorktrees;
  readonly keys: AgentKeys;
}

export class Effects {
  readonly #threads: Threads;
  readonly #performers: Performers;
  droppedCount = 0;

  constructor(threads: Threads, performers: Performers) {
    this.#threads = threads;
    this.#performers = performers;
  }

  release(staged: readonly StagedEffect[]): void {
    for (const { stream, effect } of staged) {
      if (effect.type === 'tell' || effect.type === 'tellThread') continue;
      if (isOwn(effect)) this.#performOwn(stream, effect);
      else this.#perform(stream, effect);
    }
  }

  #performOwn(stream: StagedEffect['stream'], effect: OwnEffect): void {
    const { adapters, transfers, worktrees, checkpoints } = this.#performers;
    if (effect.type === 'instance.rebuild') adapters.rebuild(effect.instanceId);
    else if (effect.type === 'transfer.build') transfers.build(effect);
    else if (isOfWorktree(effect)) worktrees.perform(effect);
    else if (stream.kind === 'thread') checkpoints.perform(stream.id, effect);
  }

  #perform(stream: StagedEffect['stream'], effect: ProviderEffect): void {
    const { adapters, transfers } = this.#performers;
    const instanceId = stream.kind === 'instance' ? stream.id : this.#instanceOf(stream.id);
    if (instanceId === null || this.#isOvertaken(stream, effect)) {
      this.droppedCount += 1;
      return;
    }
    const late = refusalOfLateFork(effect, (threadId) => this.#thread(threadId));
    if (late !== null) return adapters.answer(instanceId, late);
    adapters.perform(
      instanceId,
      stream.kind === 'thread' ? transfers.carry(stream.id, effect) : this.#withTools(effect),
    );
  }

  /** Opens are asked for by the instance, when their turn has come. */
  #withTools(effect: ProviderEffect): ProviderEffect {
    if (effect.type !== 'connection.open') return effect;
    const { threadId, connectionId } = effect;
    if (this.#threads.peek(threadId)?.context.capabilities.delegation === false) return effect;
    const tools = this.#performers.keys.issue({ threadId, connectionId });
    return tools === null ? effect : { ...effect, tools };
  }

  /** `null` also for one that cannot be loaded now. */
  #thread(threadId: LoadedThread['threadId']): LoadedThread | null {
    try {
      return this.#threads.get(threadId);
    } catch (error) {
      if (error instanceof RuntimeError) return null;
      throw error;
    }
  }

  #instanceOf(threadId: LoadedThread['threadId']): InstanceId | null {
    return this.#threads.peek(threadId)?.context.settings.instanceId ?? null;
  }

  #isOvertaken(stream: StagedEffect['stream'], effect: ProviderEffect): boolean {
    if (stream.kind === 'instance') {
      if (effect.type !== 'connection.open' && effect.type !== 'turn.lookUp') return false;
      const thread = this.#threads.peek(effect.threadId);
      return thread === null || !isWanted(thread, effect);
    }
    const thread = this.#threads.peek(stream.id);
    return thread !== null && !isWanted(thread, effect);
  }
}

const isOfWorktree = (effect: OwnEffect): effect is WorktreeEffect => effect.type.startsWith('worktree.');

const OWN_PREFIXES = ['checkpoint.', 'worktree.', 'instance.', 'transfer.'];
const isOwn = (effect: Effect): effect is OwnEffect =>
  OWN_PREFIXES.some((prefix) => effect.type.startsWith(prefix));

/** Whether the charts, as they stand after the tick, still ask for it. */
function isWanted(thread: LoadedThread, effect: ProviderEffect): boolean {
  const { connection } = thread.view;
  const { turn } = thread;
  // an interrupt may end what has been given up
  if ('attempt' in effect && effect.type !== 'turn.interrupt') {
    return turn?.turnId === effect.turnId && turn.attempt === effect.attempt;
  }
  switch (effect.type) {
    case 'connection.open':
      return connection?.status === 'active' && isOpening(thread, effect.connectionId);
    case 'request.answer':
      return thread.projection.requests.get(effect.requestId)?.status === 'answering';
    default:
      return true;
  }
}

function isOpening(thread: LoadedThread, connectionId: string): boolean {
  const { connection } = thread.actor.charts;
  return connection?.context.connectionId === connectionId && connection.value === 'opening';
}
