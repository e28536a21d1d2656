/** One arrival on its way into the staging: look-ups, decide, send, stage. Nothing leaves the process here. */
import { newDrawn, type Drawn } from '../../machines/charts.ts';
import { canTake } from '../../machines/domain/decide.ts';
import type { Effect } from '../../machines/domain/effect.ts';
import type { InstanceEntry, ThreadEntry } from '../../machines/domain/entry.ts';
import { failure, failureOf, RuntimeError } from '../../machines/domain/error.ts';
import type { Fact } from '../../machines/domain/fact.ts';
import {
  requestIdSchema,
  turnIdSchema,
  type CommandId,
  type ThreadId,
  type TurnId,
} from '../../machines/domain/ids.ts';
import {
  threadInputSchema,
  type DeltaInput,
  type ProviderInput,
  type ThreadInput,
} from '../../machines/domain/input.ts';
import {
  instanceInputSchema,
  type InstanceFact,
  type InstanceInput,
} from '../../machines/domain/instance.ts';
import { resolve } from '../../machines/domain/resolve.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import { ownerOf } from './commands.ts';
import type { Arrival } from './ingress.ts';
import type { InstanceDeclaration, Instances } from './instances.ts';
import type { LoadedInstance } from './loaded-instance.ts';
import type { LoadedThread } from './loaded-thread.ts';
import type { Staging } from './staging.ts';
import { takeCommand } from './take-command.ts';
import type { Threads } from './threads.ts';

/** How far a chart's word to another chart may lead to further words. */
const TELL_DEPTH = 8;

export interface IntakeParts {
  readonly journal: Journal;
  readonly threads: Threads;
  readonly instances: Instances;
  readonly machineHash: string;
  /** A new random id. */
  readonly newId: () => string;
  /** Something that a person who runs the server should know; nothing is lost by it. */
  readonly warn: (message: string, details: Record<string, unknown>) => void;
  readonly counters: Counters;
}

/** Counted since the start; for `/metrics`. */
export interface Counters {
  ignored: number;
  failed: number;
  staleTimers: number;
  lateDeltas: number;
  refused: number;
}

/** What an input led to. */
export interface Applied {
  readonly thread: LoadedThread;
  readonly entry: ThreadEntry;
  /** What was thrown, if the input failed. */
  readonly thrown: unknown;
}

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
        return this.#takeProvider(arrival.threadId, arrival.input);
      case 'delta':
        return this.#takeDelta(arrival.threadId, arrival.input);
      case 'runtime': {
        const thread = this.#thread(arrival.threadId);
        if (thread !== null) this.apply(thread, arrival.input);
        return;
      }
      case 'timer':
        return this.#takeTimer(arrival);
      case 'createInstance':
        return this.#createInstance(arrival.declared);
      case 'instance': {
        const instance = this.parts.instances.get(arrival.instanceId);
        if (instance !== null) this.applyInstance(instance, arrival.input, 0);
      }
    }
  }

  /** The first entry of a new thread. */
  create(threadId: ThreadId, input: ThreadInput, commandId: CommandId): Applied {
    const thread = this.parts.threads.create(threadId, input);
    return this.#stage(thread, { input, commandId, drawn: thread.actor.started, outcome: 'applied' });
  }

  /** Decides for inputs that are not commands, sends, stages, and follows what the chart tells others. */
  apply(thread: LoadedThread, input: ThreadInput, how: Partial<ApplyOptions> = {}): Applied {
    const { commandId = null, isDecided = false, depth = 0 } = how;
    if (!isDecided && !canTake(thread.view, input)) {
      this.parts.counters.ignored += 1;
      const drawn = { ...newDrawn(), effects: refusalOf(input) };
      return this.#stage(thread, { input, commandId, drawn, outcome: 'ignored' });
    }
    if (input.type.startsWith('provider.item')) thread.lastProgressAt = this.staging.at;
    try {
      const drawn = thread.actor.send(input);
      const applied = this.#stage(thread, { input, commandId, drawn, outcome: 'applied' });
      this.#tellAll(drawn.effects, depth);
      return applied;
    } catch (thrown) {
      return this.#fail(thread, { input, commandId, thrown });
    }
  }

  applyInstance(instance: LoadedInstance, input: InstanceInput, depth: number): void {
    const canTakeIt = instance.actor.charts.root.can(input);
    if (!canTakeIt) this.parts.counters.ignored += 1;
    const drawn = canTakeIt ? instance.actor.send(input) : newDrawn();
    this.stageInstance(instance, input, { drawn, outcome: canTakeIt ? 'applied' : 'ignored' });
    this.#tellAll(drawn.effects, depth);
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
  #thread(threadId: ThreadId): LoadedThread | null {
    try {
      return this.parts.threads.get(threadId);
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'THREAD_QUARANTINED') return null;
      throw error;
    }
  }

  #takeProvider(threadId: ThreadId, given: ProviderInput): void {
    const thread = this.#thread(threadId);
    if (thread === null) {
      const stream = { kind: 'thread', id: threadId } as const;
      for (const effect of refusalOf(given)) this.staging.effects.push({ stream, effect });
      return this.parts.warn('a provider speaks of a thread that is not there', {
        threadId,
        type: given.type,
      });
    }
    const { context, turn, projection } = thread;
    const input = resolve(given, {
      thread: context,
      turn,
      byNative: (nativeTurnId) => this.#turnByNative(thread, nativeTurnId),
      ownerOf: (id) => ownerOf(projection.requests.get(requestIdSchema.parse(id)) ?? null, context),
      newTurnId: () => this.newTurnId(),
    });
    this.apply(thread, input);
  }

  newTurnId(): TurnId {
    return turnIdSchema.parse(this.parts.newId());
  }

  #turnByNative({ threadId, projection }: LoadedThread, nativeTurnId: string) {
    const live = projection.turns.live().find((turn) => turn.nativeTurnId === nativeTurnId);
    return live ?? this.parts.journal.turnByNative(threadId, nativeTurnId);
  }

  #takeDelta(threadId: ThreadId, input: DeltaInput): void {
    const thread = this.#thread(threadId);
    if (thread === null || thread.context.link.phase === 'none') {
      this.parts.counters.lateDeltas += 1;
      return;
    }
    const item = thread.projection.items.get(input.itemId);
    if (item === undefined) return this.#openItem(thread, input);
    if (item.status !== 'open') {
      this.parts.counters.lateDeltas += 1;
      return;
    }
    thread.lastProgressAt = this.staging.at;
    const drawn = newDrawn();
    drawn.facts.push({ type: 'item.delta', itemId: input.itemId, text: input.text });
    this.#stage(thread, { input, commandId: null, drawn, outcome: 'applied' });
  }

  /** A provider may go on in the middle of an item that it began before we listened. */
  #openItem(thread: LoadedThread, { connectionId, itemId, text }: DeltaInput): void {
    const turnId = thread.context.activeTurn?.turnId ?? null;
    const body = { kind: 'assistant_message' } as const;
    const item = { itemId, body, text, status: 'open' } as const;
    const place = { connectionId, turnId, attempt: thread.turn?.attempt ?? 0, nativeTurnId: null };
    this.apply(thread, { type: 'provider.itemStarted', ...place, item });
  }

  #takeTimer({ stream, timer, armedBy }: Extract<Arrival, { kind: 'timer' }>): void {
    const owner = stream.kind === 'thread' ? this.#thread(stream.id) : this.parts.instances.get(stream.id);
    const armed = owner?.timers[timer];
    if (owner === null || armed === undefined || armed.armedBy !== armedBy) {
      this.parts.counters.staleTimers += 1;
      return;
    }
    const fired = { ...armed.fires, timer, armedBy };
    if (stream.kind === 'thread') {
      const thread = this.#thread(stream.id);
      if (thread !== null) this.apply(thread, threadInputSchema.parse(fired));
    } else {
      const instance = this.parts.instances.get(stream.id);
      if (instance !== null) this.applyInstance(instance, instanceInputSchema.parse(fired), 0);
    }
  }

  #stage(thread: LoadedThread, taken: Taken): Applied {
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
    this.staging.threads.add(thread);
    this.staging.add(entry, { kind: 'thread', id: thread.threadId }, drawn.effects);
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
    const drawn = { ...newDrawn(), effects: refusalOf(input) };
    const staged = this.#stage(rebuilt, { input, commandId, drawn, outcome: 'failed' });
    return { ...staged, thrown };
  }

  #tellAll(effects: readonly Effect[], depth: number): void {
    for (const effect of effects) this.#tell(effect, depth + 1);
  }

  #tell(effect: Effect, depth: number): void {
    if (effect.type !== 'tell' && effect.type !== 'tellThread') return;
    if (depth > TELL_DEPTH) throw new RuntimeError('INTERNAL', 'charts tell each other without end');
    if (effect.type === 'tellThread') {
      const thread = this.#thread(effect.threadId);
      if (thread !== null) this.apply(thread, effect.input, { depth });
      return;
    }
    const instance = this.parts.instances.get(effect.instanceId);
    if (instance !== null) return this.applyInstance(instance, effect.input, depth);
    this.#answerForMissing(effect.input, depth);
  }

  /** The instance was taken out of the configuration: what waits for it has to be told. */
  #answerForMissing(input: InstanceInput, depth: number): void {
    if (input.type !== 'instance.acquire') return;
    const { work } = input;
    const thread = this.#thread(work.threadId);
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

/** A request that no chart takes is refused, or the provider would wait for ever. */
function refusalOf(input: ThreadInput): Effect[] {
  if (input.type !== 'provider.requestOpened') return [];
  const { requestId, nativeRequestId } = input.request;
  return [{ type: 'request.refuse', connectionId: input.connectionId, requestId, nativeRequestId }];
}

const isInstanceFact = (fact: Fact | InstanceFact): fact is InstanceFact => fact.type.startsWith('instance.');
const isThreadFact = (fact: Fact | InstanceFact): fact is Fact => !isInstanceFact(fact);
