import { describe, expect, it } from 'vitest';
import { threadRowSchema, type ThreadRow } from '../../../../machines/domain/snapshot.ts';
import { listed } from '../../../../server/cli/ls.ts';

const row = (id: string, more: Record<string, unknown> = {}): ThreadRow =>
  threadRowSchema.parse({
    id,
    title: id,
    cwd: '/w',
    instanceId: 'i',
    model: null,
    status: 'ready',
    activeTurnId: null,
    openRequestCount: 0,
    lastError: null,
    archived: false,
    createdAt: 1,
    updatedAt: 1,
    preview: '',
    ...more,
  });
const agentOf = (parentId: string, id: string, openRequestCount = 0): ThreadRow =>
  row(id, { parentId, lineageKind: 'subagent', openRequestCount });

const ROWS = [
  agentOf('a', 'a1'),
  agentOf('a1', 'a2', 1),
  row('b', { parentId: 'a', lineageKind: 'fork' }),
  row('a'),
  agentOf('gone', 'c1'),
];
const shown = (all: boolean): string[] => listed(ROWS, all).map(({ id, depth }) => `${depth} ${id}`);

describe('the threads that are listed', () => {
  it('are those that a person has begun, and sub-agents that ask something', () => {
    expect(shown(false)).toEqual(['0 a2', '0 b', '0 a']);
  });

  it('are all where that is asked for, each sub-agent below its parent', () => {
    expect(shown(true)).toEqual(['0 b', '0 a', '1 a1', '2 a2', '0 c1']);
  });
});
