import type { ThreadState } from './snapshot.ts';

/** What is left of a thread when its text is taken away: that it existed, where it ran, and when it was deleted. */
export function purgedState({ row, settings }: ThreadState): ThreadState {
  const { id, instanceId, createdAt, updatedAt } = row;
  return {
    row: {
      id,
      instanceId,
      createdAt,
      updatedAt,
      title: '',
      cwd: '/',
      model: null,
      status: 'stopped',
      activeTurnId: null,
      openRequestCount: 0,
      lastError: null,
      archived: false,
      preview: '',
    },
    settings: { ...settings, title: '', cwd: '/', model: null, options: {}, policy: {} },
    queue: { status: 'flowing', reason: null, entries: [] },
    usage: null,
    plan: null,
    bound: false,
    removal: 'deleted',
  };
}
