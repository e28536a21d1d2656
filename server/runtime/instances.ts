/** The root actors of all configured provider instances. */
import type { Capabilities } from '../../machines/domain/capability.ts';
import type { InstanceEntry } from '../../machines/domain/entry.ts';
import type { InstanceId } from '../../machines/domain/ids.ts';
import { LiveCharts } from '../../machines/live.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import { loadInstance, LoadedInstance, stepInstance } from './loaded-instance.ts';

export interface InstanceDeclaration {
  readonly instanceId: InstanceId;
  readonly driver: string;
  readonly capabilities: Capabilities;
}

export class Instances {
  readonly #journal: Journal;
  readonly #loaded = new Map<InstanceId, LoadedInstance>();
  /** Version of the entry with which this run of the server created each. */
  readonly #created = new Map<InstanceId, number>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  get(instanceId: InstanceId): LoadedInstance | null {
    return this.#loaded.get(instanceId) ?? null;
  }

  all(): IterableIterator<LoadedInstance> {
    return this.#loaded.values();
  }

  /** A fresh actor on the stream as the last run left it; its first entry is the caller's to stage. */
  create(declared: InstanceDeclaration): LoadedInstance {
    const { instanceId } = declared;
    const actor = new LiveCharts('instance', { input: declared });
    const version = this.#journal.instanceVersion(instanceId);
    const instance = new LoadedInstance(instanceId, actor, version);
    this.#created.set(instanceId, version + 1);
    this.#loaded.set(instanceId, instance);
    return instance;
  }

  /** After an input threw: from the journal, then from what the tick has staged for it. */
  rebuild(instanceId: InstanceId, staged: readonly InstanceEntry[]): LoadedInstance | null {
    this.#loaded.get(instanceId)?.actor.stop();
    const stored = loadInstance(this.#journal, instanceId, this.#created.get(instanceId) ?? 1);
    const instance = staged.reduce(stepInstance, stored);
    if (instance === null) this.#loaded.delete(instanceId);
    else this.#loaded.set(instanceId, instance);
    return instance;
  }

  /** After a failed commit. */
  reloadAll(): void {
    for (const [instanceId, created] of this.#created) {
      this.#loaded.get(instanceId)?.actor.stop();
      const instance = loadInstance(this.#journal, instanceId, created);
      if (instance === null) this.#loaded.delete(instanceId);
      else this.#loaded.set(instanceId, instance);
    }
  }
}
