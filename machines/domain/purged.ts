import type { InstanceInput } from './instance.ts';
import type { Settings } from './settings.ts';
import type { ThreadState } from './snapshot.ts';

/** What is left of a thread when its text is taken away: that it existed, where it ran, and when it was deleted. */
export function purgedState({ row, settings, lineage }: ThreadState): ThreadState {
  const { id, instanceId, parentId, createdAt, updatedAt } = row;
  return {
    row: {
      id,
      instanceId,
      parentId,
      createdAt,
      updatedAt,
      title: '',
      cwd: '/',
      model: null,
      status: 'stopped',
      activeTurnId: null,
      openRequestCount: 0,
      backgroundCount: 0,
      lastError: null,
      archived: false,
      preview: '',
    },
    settings: purgedSettings(settings),
    queue: { status: 'flowing', reason: null, entries: [] },
    usage: null,
    plan: null,
    // what its forks have inherited through it
    lineage,
    itemCount: null,
    completedTurnOrdinal: null,
    turnOrdinal: null,
    bound: false,
    removal: 'deleted',
    errands: 0,
  };
}

/** What its instance was told of a purged thread, without the thread's own words. */
export function purgedWork(input: InstanceInput): InstanceInput {
  if (input.type !== 'instance.acquire' || input.work.type !== 'connection.open') return input;
  return { ...input, work: { ...input.work, settings: purgedSettings(input.work.settings) } };
}

const purgedSettings = (settings: Settings): Settings => ({
  ...settings,
  title: '',
  cwd: '/',
  model: null,
  options: {},
  policy: {},
});
