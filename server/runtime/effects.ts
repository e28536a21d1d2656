/** Named effects of the charts → calls on adapters, after the commit. An effect that was overtaken in its own tick is dropped. */
import type {
  BuildTransfer,
  CheckpointEffect,
  Effect,
  ProviderEffect,
  Rebuild,
} from '../../machines/domain/effect.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { InstanceId } from '../../machines/domain/ids.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { Adapters } from './adapters.ts';
import { refusalOfLateFork } from './late-fork.ts';
import type { LoadedThread } from './loaded-thread.ts';
import type { StagedEffect } from './staging.ts';
import type { Threads } from './threads.ts';
import type { Transfers } from './transfers.ts';

/** What the runtime performs by itself. */
type OwnEffect = CheckpointEffect | Rebuild | BuildTransfer;

const OWN: ReadonlySet<Effect['type']> = new Set<OwnEffect['type']>([
  'checkpoint.capture',
  'checkpoint.restore',
  'instance.rebuild',
  'transfer.build',
]);
const isOwn = (effect: Effect): effect is OwnEffect => OWN.has(effect.type);

export class Effects {
  readonly #threads: Threads;
  readonly #adapters: Adapters;
  readonly #transfers: Transfers;
  readonly #checkpoints: Checkpoints | null;
  droppedCount = 0;

  constructor(
    threads: Threads,
    adapters: Adapters,
    others: { transfers: Transfers; checkpoints: Checkpoints | null },
  ) {
    this.#threads = threads;
    this.#adapters = adapters;
    this.#transfers = others.transfers;
    this.#checkpoints = others.checkpoints;
  }

  release(staged: readonly StagedEffect[]): void {
    for (const { stream, effect } of staged) {
      if (effect.type === 'tell' || effect.type === 'tellThread') continue;
      if (isOwn(effect)) {
        this.#performOwn(stream, effect);
        continue;
      }
      const instanceId = stream.kind === 'instance' ? stream.id : this.#instanceOf(stream.id);
      if (instanceId === null || this.#isOvertaken(stream, effect)) {
        this.droppedCount += 1;
        continue;
      }
      const late = refusalOfLateFork(effect, (threadId) => this.#thread(threadId));
      if (late !== null) {
        this.#adapters.answer(instanceId, late);
        continue;
      }
      const carried = stream.kind === 'thread' ? this.#transfers.carry(stream.id, effect) : effect;
      this.#adapters.perform(instanceId, carried);
    }
  }

  #performOwn(stream: StagedEffect['stream'], effect: OwnEffect): void {
    if (effect.type === 'instance.rebuild') this.#adapters.rebuild(effect.instanceId);
    else if (effect.type === 'transfer.build') this.#transfers.build(effect);
    else if (stream.kind === 'thread') this.#checkpoints?.perform(stream.id, effect);
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
