/** One arrival on its way into the staging: look-ups, decide, send, stage. Nothing leaves the process here. */
import { newDrawn, type Drawn } from '../../machines/charts.ts';
import { canTake } from '../../machines/domain/decide.ts';
import { resolveTold } from '../../machines/domain/resolve.ts';
import type { Effect } from '../../machines/domain/effect.ts';
import type { InstanceEntry, ThreadEntry } from '../../machines/domain/entry.ts';
import { failure, failureOf, RuntimeError } from '../../machines/domain/error.ts';
import type { Fact } from '../../machines/domain/fact.ts';
import { turnIdSchema, type CommandId, type ThreadId, type TurnId } from '../../machines/domain/ids.ts';
import { threadInputSchema, type DeltaInput, type ThreadInput } from '../../machines/domain/input.ts';
import {
  instanceInputSchema,
  type InstanceFact,
  type InstanceInput,
} from '../../machines/domain/instance.ts';
import type { ArmedTimer } from '../../machines/domain/timer.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import { hasAgentAtWork } from './agents-at-work.ts';
import type { Arrival } from './ingress.ts';
import type { InstanceDeclaration, Instances } from './instances.ts';
import type { LoadedInstance } from './loaded-instance.ts';
import type { LoadedThread } from './loaded-thread.ts';
import type { Staging } from './staging.ts';
import { refusalOf } from './refusal.ts';
import { takeCommand } from './take-command.ts';
import { boundsIn, type TaskBounds } from './task-bounds.ts';
import { withText } from './task-results.ts';
import { takeDelta, takeInstance, takeProvider } from './take-provider.ts';
import type { Threads } from './threads.ts';
import type { Workspaces } from './workspace.ts';

/** How far a chart's word to another chart may lead to further words. */
const TELL_DEPTH = 8;

export interface IntakeParts extends Workspaces {
  readonly journal: Journal;
  readonly threads: Threads;
  readonly instances: Instances;
  readonly machineHash: string;
  /** Files can be captured around turns. */
  readonly hasHistory: boolean;
  readonly taskBounds: TaskBounds;
  /** A new random id. */
  readonly newId: () => string;
  /** Something that a person who runs the server should know; nothing is lost by it. */
  readonly warn: (message: string, details: Record<string, unknown>) => void;
  readonly counters: Counters;
}

/** As the options of the runtime have it. */
export const abilitiesOf = (options: {
  readonly history?: unknown;
  readonly taskBounds?: TaskBounds;
}): Pick<IntakeParts, 'hasHistory' | 'taskBounds'> => ({
  hasHistory: options.history !== undefined,
  taskBounds: boundsIn(options),
});

/** Counted since the start; for `/metrics`. */
export interface Counters {
  ignored: number;
  failed: number;
  staleTimers: number;
  lateDeltas: number;
  refused: number;
  /** Of a provider, and not of the shape that its port promises. */
  malformed: number;
}

/** What an input led to. */
export interface Applied {
  readonly thread: LoadedThread;
  readonly entry: ThreadEntry;
  /** What was thrown, if the input failed. */
  readonly thrown: unknown;
}

/** What background work says keeps no connection open; in a turn that does not matter. */
const isUse = (input: ThreadEntry['input']): boolean =>
  !('item' in input) && input.type !== 'provider.itemDelta' && input.type !== 'provider.usageReported';

/** Serves one tick: everything it takes goes into that tick's staging. */
export class Intake {
  readonly parts: IntakeParts;
  readonly staging: Staging;

  constructor(parts: IntakeParts, staging: Staging) {
    this.parts = parts;
    this.staging = staging;
  }

  /** Stages the arrival and all that follows from it within the tick. */
  take(arrival: Arrival): void {
    switch (arrival.kind) {
      case 'command':
        return takeCommand(this, arrival);
      case 'provider':
        return takeProvider(this, arrival);
      case 'delta':
        return takeDelta(this, arrival);
      case 'runtime': {
        const thread = this.thread(arrival.threadId);
        if (thread !== null) this.apply(thread, arrival.input);
        return;
      }
      case 'timer':
        return this.#takeTimer(arrival);
      case 'createInstance':
        return this.#createInstance(arrival.declared);
      case 'instance':
        return takeInstance(this, arrival);
    }
  }

  /** The first entry of a new thread. */
  create(threadId: ThreadId, input: ThreadInput, commandId: CommandId | null): Applied {
    const thread = this.parts.threads.create(threadId, input);
    return this.stage(thread, { input, commandId, drawn: thread.actor.started, outcome: 'applied' });
  }

  /** Decides for inputs that are not commands, sends, stages, and follows what the chart tells others. */
  apply(thread: LoadedThread, input: ThreadInput, how: Partial<ApplyOptions> = {}): Applied {
    const { commandId = null, isDecided = false, depth = 0 } = how;
    let drawn = null;
    try {
      if (isDecided || canTake(thread.view, input)) drawn = thread.actor.send(input);
    } catch (thrown) {
      return this.#fail(thread, { input, commandId, thrown });
    }
    if (drawn === null) {
      this.parts.counters.ignored += 1;
      const refusal = { ...newDrawn(), effects: refusalOf(input) };
      return this.stage(thread, { input, commandId, drawn: refusal, outcome: 'ignored' });
    }
    const applied = this.stage(thread, { input, commandId, drawn, outcome: 'applied' });
    this.#tellAll(drawn.effects, depth);
    return applied;
  }

  applyInstance(instance: LoadedInstance, input: InstanceInput, depth: number): void {
    let drawn = null;
    try {
      if (instance.actor.charts.root.can(input)) drawn = instance.actor.send(input);
    } catch (thrown) {
      return this.#failInstance(instance, input, thrown);
    }
    if (drawn === null) this.parts.counters.ignored += 1;
    const outcome = drawn === null ? 'ignored' : 'applied';
    this.stageInstance(instance, input, { drawn: drawn ?? newDrawn(), outcome });
    this.#tellAll(drawn?.effects ?? [], depth);
  }

  stageInstance(
    instance: LoadedInstance,
    input: InstanceInput,
    { drawn, outcome }: { drawn: Drawn; outcome: InstanceEntry['outcome'] },
  ): void {
    const entry: InstanceEntry = {
      sequence: this.staging.nextSequence(),
      version: instance.version + 1,
      at: this.staging.at,
      machineHash: this.parts.machineHash,
      outcome,
      commandId: null,
      kind: 'instance',
      stream: instance.instanceId,
      input,
      facts: drawn.facts.filter(isInstanceFact),
    };
    instance.fold(entry, drawn.timers);
    this.staging.instances.add(instance);
    this.staging.add(entry, { kind: 'instance', id: instance.instanceId }, drawn.effects);
  }

  #createInstance(declared: InstanceDeclaration): void {
    const instance = this.parts.instances.create(declared);
    const input = { type: 'instance.create', ...declared } as const;
    this.stageInstance(instance, input, { drawn: instance.actor.started, outcome: 'applied' });
  }

  /** `null`: unknown or quarantined; the latter has been said when it was found. */
  thread(threadId: ThreadId): LoadedThread | null {
    try {
      return this.parts.threads.get(threadId);
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'THREAD_QUARANTINED') return null;
      throw error;
    }
  }

  newTurnId(): TurnId {
    return turnIdSchema.parse(this.parts.newId());
  }

  #takeTimer({ stream, timer, armedBy }: Extract<Arrival, { kind: 'timer' }>): void {
    const thread = stream.kind === 'thread' ? this.thread(stream.id) : null;
    const instance = stream.kind === 'instance' ? this.parts.instances.get(stream.id) : null;
    const armed = (thread ?? instance)?.timers[timer];
    if (armed === undefined || armed.armedBy !== armedBy || this.#isPushed(armed, thread)) {
      this.parts.counters.staleTimers += 1;
      return;
    }
    const fired = { ...armed.fires, timer, armedBy };
    if (thread !== null) this.apply(thread, threadInputSchema.parse(fired));
    if (instance !== null) this.applyInstance(instance, instanceInputSchema.parse(fired), 0);
  }

  /** Progress came while the firing waited in the queue, or sub-agents make some: it will fire again. */
  #isPushed({ idle, afterMs }: ArmedTimer, thread: LoadedThread | null): boolean {
    if (!idle || thread === null) return false;
    const now = this.staging.monotonicAt;
    if (hasAgentAtWork(this.parts.threads, thread.threadId)) thread.noteProgress(now);
    return thread.lastProgressAt + afterMs > now;
  }

  stage(thread: LoadedThread, taken: Taken): Applied {
    const { input, commandId, drawn, outcome } = taken;
    const entry: ThreadEntry = {
      sequence: this.staging.nextSequence(),
      version: thread.version + 1,
      at: this.staging.at,
      machineHash: this.parts.machineHash,
      outcome,
      commandId,
      kind: input.type === 'provider.itemDelta' ? 'delta' : 'input',
      stream: thread.threadId,
      input,
      facts: drawn.facts.filter(isThreadFact),
    };
    thread.fold(entry, drawn.timers);
    if (entry.kind === 'input') thread.sinceStored += 1;
    if (isUse(input)) thread.lastUsedAt = this.staging.monotonicAt;
    this.staging.threads.add(thread);
    this.staging.add(entry, { kind: 'thread', id: thread.threadId }, drawn.effects);
    const { inspector } = thread;
    if (inspector !== null) this.staging.insights.set(entry.sequence, inspector.take(drawn));
    return { thread, entry, thrown: null };
  }

  /** The input threw: its thread is rebuilt from the journal and this tick's entries, the input journaled as failed. */
  #fail(
    thread: LoadedThread,
    { input, commandId, thrown }: { input: ThreadInput; commandId: CommandId | null; thrown: unknown },
  ): Applied {
    this.parts.counters.failed += 1;
    const { threadId } = thread;
    this.parts.warn('an input threw and was skipped', {
      threadId,
      type: input.type,
      failure: failureOf(thrown),
    });
    this.staging.threads.delete(thread);
    const rebuilt = this.parts.threads.rebuild(threadId, this.staging.entriesOf(threadId));
    if (rebuilt === null) throw new RuntimeError('INTERNAL', `thread ${threadId} is gone`, { cause: thrown });
    rebuilt.lastProgressAt = thread.lastProgressAt;
    const drawn = { ...newDrawn(), effects: refusalOf(input) };
    const staged = this.stage(rebuilt, { input, commandId, drawn, outcome: 'failed' });
    return { ...staged, thrown };
  }

  #failInstance(instance: LoadedInstance, input: InstanceInput, thrown: unknown): void {
    this.parts.counters.failed += 1;
    const { instanceId } = instance;
    const details = { instanceId, type: input.type, failure: failureOf(thrown) };
    this.parts.warn('an input threw and was skipped', details);
    this.staging.instances.delete(instance);
    const rebuilt = this.parts.instances.rebuild(instanceId, this.staging.instanceEntriesOf(instanceId));
    if (rebuilt === null)
      throw new RuntimeError('INTERNAL', `instance ${instanceId} is gone`, { cause: thrown });
    this.stageInstance(rebuilt, input, { drawn: newDrawn(), outcome: 'failed' });
  }

  #tellAll(effects: readonly Effect[], depth: number): void {
    for (const effect of effects) this.#tell(effect, depth + 1);
  }

  #tell(effect: Effect, depth: number): void {
    if (effect.type !== 'tell' && effect.type !== 'tellThread') return;
    if (depth > TELL_DEPTH) throw new RuntimeError('INTERNAL', 'charts tell each other without end');
    if (effect.type === 'tellThread') {
      return this.#tellThread(effect, depth);
    }
    const instance = this.parts.instances.get(effect.instanceId);
    if (instance !== null) return this.applyInstance(instance, effect.input, depth);
    this.#answerForMissing(effect.input, depth);
  }

  /** The other thread is loaded, or made by the first word to it. Who was deleted meanwhile takes nothing in. */
  #tellThread({ threadId, input }: Extract<Effect, { type: 'tellThread' }>, depth: number): void {
    const thread = this.thread(threadId);
    if (thread !== null) {
      // a sub-agent that is at work again is there already
      if (input.type === 'thread.create' && input.lineage?.kind === 'subagent') return;
      const { state, items } = thread.projection;
      const isThere = state?.removal === 'none';
      const resolved = resolveTold(input, (id) => (isThere ? items.get(id) : undefined));
      this.apply(thread, this.#withText(resolved), { depth });
    } else if (input.type === 'thread.create' && this.parts.threads.quarantine(threadId) === null) {
      this.create(threadId, input, null);
    }
  }

  #withText(input: ThreadInput): ThreadInput {
    if (input.type !== 'task.ended') return input;
    return withText(input, this.thread(input.threadId)?.projection ?? null);
  }

  /** The instance was taken out of the configuration: what waits for it has to be told. */
  #answerForMissing(input: InstanceInput, depth: number): void {
    if (input.type !== 'instance.acquire') return;
    const { work } = input;
    const thread = this.thread(work.threadId);
    if (thread === null) return;
    const cause = failure('INSTANCE_NOT_FOUND', 'the provider instance is not configured any more');
    const answer: ThreadInput =
      work.type === 'connection.open'
        ? { type: 'connection.openFailed', connectionId: work.connectionId, failure: cause }
        : {
            type: 'provider.turnLookedUp',
            turnId: work.turnId,
            attempt: work.attempt,
            found: 'unknown',
            failure: cause,
          };
    this.apply(thread, answer, { depth });
  }
}

interface ApplyOptions {
  readonly commandId: CommandId | null;
  /** `decide` has accepted it already. */
  readonly isDecided: boolean;
  readonly depth: number;
}

interface Taken {
  readonly input: ThreadInput | DeltaInput;
  readonly commandId: CommandId | null;
  readonly drawn: Drawn;
  readonly outcome: ThreadEntry['outcome'];
}

const isInstanceFact = (fact: Fact | InstanceFact): fact is InstanceFact => fact.type.startsWith('instance.');
const isThreadFact = (fact: Fact | InstanceFact): fact is Fact => !isInstanceFact(fact);
