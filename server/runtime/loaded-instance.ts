/** A provider instance in memory. Its chart starts anew with each run of the server: no process outlives that. */
import { newDrawn, type Drawn } from '../../machines/charts.ts';
import type { InstanceEntry } from '../../machines/domain/entry.ts';
import type { InstanceId } from '../../machines/domain/ids.ts';
import { evolveInstance, type InstanceRow } from '../../machines/domain/instance.ts';
import { evolveTimers, type ArmedTimers } from '../../machines/domain/timer.ts';
import { LiveCharts } from '../../machines/live.ts';
import type { Journal } from '../../machines/ports/journal.ts';

const PAGE = 1000;

export class LoadedInstance {
  readonly instanceId: InstanceId;
  readonly actor: LiveCharts;
  timers: ArmedTimers = {};
  version: number;
  row: InstanceRow | null = null;
  isDirty = false;

  constructor(instanceId: InstanceId, actor: LiveCharts, version: number) {
    this.instanceId = instanceId;
    this.actor = actor;
    this.version = version;
  }

  fold(entry: InstanceEntry, changes: Drawn['timers']): void {
    const { sequence, at, input, facts } = entry;
    this.version = entry.version;
    if ('timer' in input) {
      const { [input.timer]: _, ...rest } = this.timers;
      this.timers = rest;
    }
    this.timers = evolveTimers(this.timers, changes, { sequence, at });
    for (const fact of facts) {
      const row = evolveInstance(this.row, fact);
      if (row === this.row) continue;
      this.row = row;
      this.isDirty = true;
    }
  }
}

/** As it stands in the journal since this run of the server created it with the entry of version `created`. */
export function loadInstance(
  journal: Journal,
  instanceId: InstanceId,
  created: number,
): LoadedInstance | null {
  let instance: LoadedInstance | null = null;
  let after = created - 1;
  for (;;) {
    const entries = journal.readInstance(instanceId, after, { limit: PAGE, deltas: false });
    for (const entry of entries) instance = stepInstance(instance, entry);
    after = entries.at(-1)?.version ?? after;
    if (entries.length < PAGE) break;
  }
  if (instance !== null) instance.isDirty = false;
  return instance;
}

/** One entry again; the first one makes the instance. */
export function stepInstance(instance: LoadedInstance | null, entry: InstanceEntry): LoadedInstance | null {
  const { input } = entry;
  if (input.type === 'instance.create') {
    const created = new LoadedInstance(input.instanceId, new LiveCharts('instance', { input }), 0);
    created.fold(entry, created.actor.started.timers);
    return created;
  }
  const drawn = entry.outcome === 'applied' ? instance?.actor.send(input) : undefined;
  instance?.fold(entry, (drawn ?? newDrawn()).timers);
  return instance;
}
