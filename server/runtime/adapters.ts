/** The adapters of all configured instances, and the one way in for what they report. */
import { NO_CAPABILITIES, type Capabilities } from '../../machines/domain/capability.ts';
import { failureOf, type Failure } from '../../machines/domain/error.ts';
import type { ProviderEffect } from '../../machines/domain/effect.ts';
import type { InstanceId, ThreadId } from '../../machines/domain/ids.ts';
import type { ProviderInput } from '../../machines/domain/input.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { ProcessHost } from '../../machines/ports/process-host.ts';
import type { InstanceConfig, ProviderDriver, ProviderHost } from '../../machines/ports/provider.ts';
import { AdapterSlot, type Made } from './adapter-slot.ts';
import type { DeltaBuffer } from './delta-buffer.ts';
import type { Arrival } from './ingress.ts';
import { makeAdapter } from './make-adapter.ts';
import { redactReport } from './redact-report.ts';
import type { Log } from './runtime-options.ts';
import { refusalInFolder, type Workspaces } from './workspace.ts';

export interface AdaptersParts extends Workspaces {
  readonly drivers: readonly ProviderDriver[];
  readonly connectionIdleMs: number;
  readonly processes: ProcessHost;
  readonly journal: Pick<Journal, 'openItems'>;
  readonly logFrame: (instanceId: InstanceId, direction: 'in' | 'out', frame: string) => string;
  readonly log: Log;
  readonly redact: (text: string) => string;
  readonly deltas: DeltaBuffer;
  readonly push: (arrival: Arrival) => void;
}

/** What an entry of the configuration comes to. */
export interface Prepared {
  readonly driver: string;
  readonly capabilities: Capabilities;
  /** Why it cannot be used; `null`: it can. */
  readonly failure: Failure | null;
}

export class Adapters {
  readonly #parts: AdaptersParts;
  readonly #slots = new Map<InstanceId, AdapterSlot>();
  /** Made from the newest configuration, for when the chart asks for it; `null`: there is no entry any more. */
  readonly #next = new Map<InstanceId, Made | null>();
  readonly #pauses = new Set<string>();
  /** After the end of the runtime nothing that is reported counts any more. */
  #isDeaf = false;

  constructor(parts: AdaptersParts) {
    this.#parts = parts;
  }

  /** Makes what `rebuild` puts in force; nothing is started. */
  prepare(config: InstanceConfig): Prepared {
    const { instanceId } = config;
    const life = { isOver: false };
    const deafen = (): void => void (life.isOver = true);
    const made = makeAdapter(config, this.#parts.drivers, () => this.#hostFor(instanceId, life));
    const { adapter, driver } = made;
    const failure = made.failure && { ...made.failure, message: this.#parts.redact(made.failure.message) };
    this.#setNext(instanceId, { config, adapter, deafen });
    return { driver, failure, capabilities: adapter?.capabilities ?? NO_CAPABILITIES };
  }

  prepareRemoval(instanceId: InstanceId): void {
    this.#setNext(instanceId, null);
  }

  /** What was prepared last replaces what serves the instance, as soon as nothing of that is left. */
  rebuild(instanceId: InstanceId): void {
    const next = this.#next.get(instanceId);
    if (next === undefined) return;
    this.#next.delete(instanceId);
    this.#slotOf(instanceId).replace(next);
  }

  perform(instanceId: InstanceId, effect: ProviderEffect): void {
    const refused = refusalInFolder(effect, this.#parts);
    if (refused !== null) return this.answer(instanceId, refused);
    this.#slots.get(instanceId)?.perform(effect);
  }

  /** In the provider's place. */
  answer(instanceId: InstanceId, said: { threadId: ThreadId; input: ProviderInput }): void {
    this.#parts.push({ kind: 'provider', instanceId, ...said });
  }

  /** How long a connection of the instance may be idle. */
  connectionIdleMs(instanceId: InstanceId): number {
    const { connectionIdleMs: most } = this.#parts;
    return Math.min(most, this.#slots.get(instanceId)?.connectionIdleMs ?? most);
  }

  /** Pipes are read only while nobody wants them paused. */
  setPaused(why: string, isPaused: boolean): void {
    const before = this.#isPaused;
    if (isPaused) this.#pauses.add(why);
    else this.#pauses.delete(why);
    if (before === this.#isPaused) return;
    for (const slot of this.#slots.values()) slot.setPaused(this.#isPaused);
  }

  /** From now on nothing is taken in from any adapter. */
  deafen(): void {
    this.#isDeaf = true;
  }

  async dispose(): Promise<void> {
    const slots = [...this.#slots.values()];
    const never = [...this.#next.values()];
    this.#slots.clear();
    this.#next.clear();
    await Promise.all([
      ...slots.map((slot) => slot.dispose()),
      ...never.map((made) => made?.adapter?.dispose()),
    ]);
  }

  get #isPaused(): boolean {
    return this.#pauses.size > 0;
  }

  #setNext(instanceId: InstanceId, next: Made | null): void {
    const overtaken = this.#next.get(instanceId);
    overtaken?.deafen();
    overtaken?.adapter
      ?.dispose()
      .catch((error: unknown) => this.#warn(instanceId, failureOf(error), 'dispose'));
    this.#next.set(instanceId, next);
  }

  #slotOf(instanceId: InstanceId): AdapterSlot {
    const known = this.#slots.get(instanceId);
    if (known !== undefined) return known;
    const slot = new AdapterSlot((cause, effect) => this.#warn(instanceId, cause, effect));
    if (this.#isPaused) slot.setPaused(true);
    this.#slots.set(instanceId, slot);
    return slot;
  }

  #warn(instanceId: InstanceId, cause: Failure, effect: string): void {
    this.#parts.log.error({ instanceId, effect, failure: cause }, 'an effect threw');
  }

  #hostFor(instanceId: InstanceId, life: { readonly isOver: boolean }): ProviderHost {
    const { processes, attachmentPath, journal, logFrame, log, deltas, redact } = this.#parts;
    const isDeaf = (): boolean => this.#isDeaf || life.isOver;
    return {
      processes,
      attachmentPath,
      openItems: (threadId, turnId) =>
        journal
          .openItems(threadId)
          .filter((item) => item.turnId === turnId)
          .map(({ itemId }) => itemId),
      report: (threadId, input) => {
        if (isDeaf()) return;
        if (input.type === 'provider.itemDelta') return deltas.add(threadId, input);
        deltas.report({ kind: 'provider', instanceId, threadId, input: redactReport(input, redact) });
      },
      reportInstance: (input) => {
        if (isDeaf()) return;
        // the end of a process is the end of all its threads' streams
        if (ENDS.has(input.type)) deltas.releaseEverything(instanceId);
        this.#parts.push({ kind: 'instance', instanceId, input: redactReport(input, redact) });
      },
      settled: (threadId, turnId, attempt) => {
        if (isDeaf()) return;
        deltas.flush(threadId);
        this.#parts.push({ kind: 'runtime', threadId, input: { type: 'turn.settled', turnId, attempt } });
      },
      logFrame: (direction, frame) => logFrame(instanceId, direction, frame),
      warn: (message, details) => log.warn({ instanceId, ...details }, message),
    };
  }
}

const ENDS: ReadonlySet<string> = new Set(['process.exited', 'process.failed', 'process.stopped']);
