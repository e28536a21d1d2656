/** The adapters of all configured instances, and the one way in for what they report. */
import { failureOf } from '../../machines/domain/error.ts';
import type { ProviderEffect } from '../../machines/domain/effect.ts';
import type { InstanceId } from '../../machines/domain/ids.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { ProcessHost } from '../../machines/ports/process-host.ts';
import type {
  InstanceConfig,
  ProviderAdapter,
  ProviderDriver,
  ProviderHost,
} from '../../machines/ports/provider.ts';
import type { DeltaBuffer } from './delta-buffer.ts';
import type { Arrival } from './ingress.ts';
import { redactReport } from './redact-report.ts';
import type { Log } from './runtime.ts';
import { refusalInFolder, type Workspaces } from './workspace.ts';

export interface AdaptersParts extends Workspaces {
  readonly processes: ProcessHost;
  readonly journal: Pick<Journal, 'openItems'>;
  readonly logFrame: (instanceId: InstanceId, direction: 'in' | 'out', frame: string) => string;
  readonly log: Log;
  readonly redact: (text: string) => string;
  readonly deltas: DeltaBuffer;
  readonly push: (arrival: Arrival) => void;
}

export class Adapters {
  readonly #parts: AdaptersParts;
  readonly #adapters = new Map<InstanceId, ProviderAdapter>();
  readonly #pauses = new Set<string>();
  /** After the end of the runtime nothing that is reported counts any more. */
  #isDeaf = false;

  constructor(parts: AdaptersParts) {
    this.#parts = parts;
  }

  add(config: InstanceConfig, drivers: readonly ProviderDriver[]): void {
    const { instanceId } = config;
    const driver = drivers.find((each) => each.driver === config.driver);
    if (driver === undefined) {
      const { log } = this.#parts;
      log.warn({ instanceId, driver: config.driver }, 'the driver of an instance is not known');
      return;
    }
    const adapter = driver.create(config, this.#hostFor(instanceId));
    this.#adapters.set(instanceId, adapter);
    const declared = { instanceId, driver: driver.driver, capabilities: adapter.capabilities };
    this.#parts.push({ kind: 'createInstance', declared });
  }

  perform(instanceId: InstanceId, effect: ProviderEffect): void {
    const refused = refusalInFolder(effect, this.#parts);
    if (refused !== null) return this.#parts.push({ kind: 'provider', instanceId, ...refused });
    try {
      this.#adapters.get(instanceId)?.perform(effect);
    } catch (error) {
      // an adapter must not throw; the charts' deadlines take it from here
      this.#parts.log.error(
        { instanceId, effect: effect.type, failure: failureOf(error) },
        'an effect threw',
      );
    }
  }

  /** Pipes are read only while nobody wants them paused. */
  setPaused(why: string, isPaused: boolean): void {
    const before = this.#pauses.size > 0;
    if (isPaused) this.#pauses.add(why);
    else this.#pauses.delete(why);
    const after = this.#pauses.size > 0;
    if (before !== after) for (const adapter of this.#adapters.values()) adapter.setPaused(after);
  }

  /** From now on nothing is taken in from any adapter. */
  deafen(): void {
    this.#isDeaf = true;
  }

  async dispose(): Promise<void> {
    const adapters = [...this.#adapters.values()];
    this.#adapters.clear();
    await Promise.all(adapters.map((adapter) => adapter.dispose()));
  }

  #hostFor(instanceId: InstanceId): ProviderHost {
    const { processes, attachmentPath, journal, logFrame, log, deltas, redact } = this.#parts;
    return {
      processes,
      attachmentPath,
      openItems: (threadId, turnId) =>
        journal
          .openItems(threadId)
          .filter((item) => item.turnId === turnId)
          .map(({ itemId }) => itemId),
      report: (threadId, input) => {
        if (this.#isDeaf) return;
        if (input.type === 'provider.itemDelta') return deltas.add(threadId, input);
        deltas.report({ kind: 'provider', instanceId, threadId, input: redactReport(input, redact) });
      },
      reportInstance: (input) => {
        if (this.#isDeaf) return;
        // the end of a process is the end of all its threads' streams
        if (ENDS.has(input.type)) deltas.releaseEverything(instanceId);
        this.#parts.push({ kind: 'instance', instanceId, input: redactReport(input, redact) });
      },
      settled: (threadId, turnId, attempt) => {
        if (this.#isDeaf) return;
        deltas.flush(threadId);
        this.#parts.push({ kind: 'runtime', threadId, input: { type: 'turn.settled', turnId, attempt } });
      },
      logFrame: (direction, frame) => logFrame(instanceId, direction, frame),
      warn: (message, details) => log.warn({ instanceId, ...details }, message),
    };
  }
}

const ENDS: ReadonlySet<string> = new Set(['process.exited', 'process.failed', 'process.stopped']);
