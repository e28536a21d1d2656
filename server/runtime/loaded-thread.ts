/** A thread in memory: its actor, its armed timers, and the rows that facts are folded into. */
import { threadContextOf, type Drawn } from '../../machines/charts.ts';
import type { ThreadContext, TurnContext } from '../../machines/domain/context.ts';
import type { ThreadView } from '../../machines/domain/decide.ts';
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import { evolve } from '../../machines/domain/evolve.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import { evolveTimers, shiftTimers, type ArmedTimers } from '../../machines/domain/timer.ts';
import type { LiveCharts } from '../../machines/live.ts';
import type { ThreadProjection } from './projection.ts';
import { ThreadInspector } from './thread-inspector.ts';

/** Owned by the tick; a failed commit drops it, and it comes back from the journal. */
export class LoadedThread {
  readonly threadId: ThreadId;
  readonly actor: LiveCharts;
  readonly projection: ThreadProjection;
  /** Of the last entry that is in it. */
  version: number;
  timers: ArmedTimers;
  /** Monotonic time of the turn's last item or delta: what pushes an idle deadline. Neither journaled nor compared. */
  lastProgressAt = 0;
  /** Monotonic time of the last use, items and text left out: what hibernation goes by. */
  lastUsedAt = 0;
  /** Threads that this one was said to share its folder with. */
  readonly sharesFolderWith = new Set<ThreadId>();
  /** `null`: nobody looks inside. */
  inspector: ThreadInspector | null = null;
  /** Inputs since the last base or cache. */
  sinceStored = 0;

  constructor(parts: {
    threadId: ThreadId;
    actor: LiveCharts;
    projection: ThreadProjection;
    version: number;
    timers: ArmedTimers;
  }) {
    this.threadId = parts.threadId;
    this.actor = parts.actor;
    this.projection = parts.projection;
    this.version = parts.version;
    this.timers = parts.timers;
  }

  get context(): ThreadContext {
    return threadContextOf(this.actor.charts.root);
  }

  get turn(): TurnContext | null {
    const { turn } = this.actor.charts;
    return turn === undefined || turn.status !== 'active' ? null : turn.context;
  }

  get view(): ThreadView {
    return { ...this.actor.charts, context: this.context };
  }

  /** No turn is starting or running, and none will by itself. */
  get isSettled(): boolean {
    const { root } = this.actor.charts;
    return root.hasTag('settled') || root.hasTag('deleted');
  }

  /** Nothing of it has to be in memory: no connection, no turn, no deadline. */
  get isDormant(): boolean {
    const { link } = this.context;
    return link.phase === 'none' && this.isSettled && Object.keys(this.timers).length === 0;
  }

  inspect(): void {
    this.inspector ??= new ThreadInspector(this.actor);
  }

  endInspection(): void {
    this.inspector?.end();
    this.inspector = null;
  }

  /** It came into memory: idle deadlines start at full length. `at`: monotonic time. */
  noteLoaded(at: number): void {
    this.lastProgressAt = at;
    this.lastUsedAt = at;
  }

  /** The turn goes on. `at`: monotonic time. */
  noteProgress(at: number): void {
    this.lastProgressAt = at;
  }

  /** Takes in an entry whose input has been sent: version, timers and rows follow. */
  fold(entry: ThreadEntry, changes: Drawn['timers']): void {
    this.foldTimers(entry, changes);
    this.foldFacts(entry);
  }

  /** The part of `fold` that makes rows. */
  foldFacts({ sequence, version, at, facts }: ThreadEntry): void {
    for (const fact of facts) {
      evolve(this.projection, { sequence, version, at, fact });
      this.projection.noteText(fact);
    }
  }

  /** The part of `fold` that no row holds. */
  foldTimers({ sequence, version, at, input }: ThreadEntry, changes: Drawn['timers']): void {
    this.version = version;
    if (input.type === 'runtime.clockJumped') this.timers = shiftTimers(this.timers, input.byMs);
    if ('timer' in input) {
      const { [input.timer]: _, ...rest } = this.timers;
      this.timers = rest;
    }
    this.timers = evolveTimers(this.timers, changes, { sequence, at });
  }
}
