/** The root actors of all configured provider instances. */
import { instanceContextOf } from '../../machines/charts.ts';
import type { Capabilities } from '../../machines/domain/capability.ts';
import type { Refusal } from '../../machines/domain/decide.ts';
import type { InstanceEntry } from '../../machines/domain/entry.ts';
import { failure } from '../../machines/domain/error.ts';
import type { InstanceId } from '../../machines/domain/ids.ts';
import { LiveCharts } from '../../machines/live.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import { loadInstance, LoadedInstance, stepInstance } from './loaded-instance.ts';

const UNUSABLE = failure('INSTANCE_UNAVAILABLE', '');

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

  /** Why nothing could begin on each when that was last looked at. */
  readonly #barred = new Map<InstanceId, string | null>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  get(instanceId: InstanceId): LoadedInstance | null {
    return this.#loaded.get(instanceId) ?? null;
  }

  /** Why nothing can begin on the instance; `null`: it can. */
  refusalOf(instanceId: InstanceId): Refusal | null {
    const instance = this.get(instanceId);
    const details = { instanceId };
    if (instance === null)
      return { code: 'INSTANCE_NOT_FOUND', why: `there is no provider instance ${instanceId}`, details };
    const { root } = instance.actor.charts;
    if (!root.hasTag('barred')) return null;
    const { failure } = instanceContextOf(root);
    const { code, message } = failure ?? UNUSABLE;
    const why = `the provider instance ${instanceId} cannot be used: ${message}`;
    return { code, why, details: { ...details, reason: message } };
  }

  /** Those of them that have gone out of service since they were last looked at here, or come back. */
  turned(given: Iterable<LoadedInstance>): ReadonlySet<InstanceId> {
    const turned = new Set<InstanceId>();
    for (const { instanceId } of given) {
      const why = this.refusalOf(instanceId)?.why ?? null;
      if (why !== (this.#barred.get(instanceId) ?? null)) turned.add(instanceId);
      this.#barred.set(instanceId, why);
    }
    return turned;
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
