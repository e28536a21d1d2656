/** The configured instances: what a new configuration changes goes to their charts, what it leaves alone is left alone. */
import type { InstanceId } from '../../machines/domain/ids.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { InstanceConfig } from '../../machines/ports/provider.ts';
import type { Adapters } from './adapters.ts';
import { canonicalJson } from './fingerprint.ts';
import type { Arrival } from './ingress.ts';
import type { Log } from './runtime-options.ts';

/** What a new configuration means for the instances. */
export interface InstanceChanges {
  readonly added: readonly InstanceId[];
  readonly changed: readonly InstanceId[];
  readonly removed: readonly InstanceId[];
}

export interface ConfiguredInstancesParts {
  readonly adapters: Adapters;
  readonly journal: Pick<Journal, 'instanceIds' | 'instance'>;
  readonly push: (arrival: Arrival) => void;
  readonly log: Log;
}

export class ConfiguredInstances {
  readonly #parts: ConfiguredInstancesParts;
  /** Entries as they were last applied, in their canonical form. */
  readonly #entries = new Map<InstanceId, string>();
  /** Those that have a chart in this run of the server, the removed ones included. */
  readonly #known = new Set<InstanceId>();

  constructor(parts: ConfiguredInstancesParts) {
    this.#parts = parts;
  }

  /** The first configuration. What an earlier run of the server knew and is not in it any more is removed. */
  start(instances: readonly InstanceConfig[]): void {
    this.apply(instances);
    const { journal, push } = this.#parts;
    for (const instanceId of journal.instanceIds()) {
      const row = this.#known.has(instanceId) ? null : journal.instance(instanceId);
      if (row === null || row.removed) continue;
      const { driver, capabilities } = row;
      this.#known.add(instanceId);
      push({ kind: 'createInstance', declared: { instanceId, driver, capabilities } });
      push({ kind: 'instance', instanceId, input: { type: 'instance.remove' } });
    }
  }

  apply(instances: readonly InstanceConfig[]): InstanceChanges {
    const wanted = new Map(instances.map((config) => [config.instanceId, config]));
    const added: InstanceId[] = [];
    const changed: InstanceId[] = [];
    const removed = [...this.#entries.keys()].filter((instanceId) => !wanted.has(instanceId));
    for (const config of wanted.values()) {
      const { instanceId } = config;
      const entry = canonicalJson(config);
      const before = this.#entries.get(instanceId);
      if (before === entry) continue;
      this.#entries.set(instanceId, entry);
      (before === undefined ? added : changed).push(instanceId);
      this.#configure(config);
    }
    for (const instanceId of removed) this.#remove(instanceId);
    return { added, changed, removed };
  }

  #configure(config: InstanceConfig): void {
    const { instanceId } = config;
    const { adapters, push, log } = this.#parts;
    const { driver, capabilities, failure } = adapters.prepare(config);
    if (failure !== null) log.warn({ instanceId, reason: failure.message }, 'an instance cannot be used');
    const isNew = !this.#known.has(instanceId);
    if (isNew) {
      this.#known.add(instanceId);
      adapters.rebuild(instanceId);
      push({ kind: 'createInstance', declared: { instanceId, driver, capabilities } });
    }
    if (isNew && failure === null) return;
    push({
      kind: 'instance',
      instanceId,
      input: { type: 'instance.configure', driver, capabilities, failure },
    });
  }

  #remove(instanceId: InstanceId): void {
    this.#entries.delete(instanceId);
    this.#parts.adapters.prepareRemoval(instanceId);
    this.#parts.push({ kind: 'instance', instanceId, input: { type: 'instance.remove' } });
  }
}
