import { describe, expect, it } from 'vitest';
import { threadRowSchema, type ThreadRow } from '../../../../machines/domain/snapshot.ts';
import {
  titleOf,
  titleOfPrompt,
  treeOf,
  type ListFilter,
} from '../../../../server/console/shell/thread-tree.ts';

const row = (id: string, updatedAt: number, more: object = {}): ThreadRow =>
  threadRowSchema.parse({
    id,
    title: id,
    cwd: '/work/project',
    instanceId: 'codex',
    model: null,
    status: 'ready',
    activeTurnId: null,
    openRequestCount: 0,
    lastError: null,
    archived: false,
    createdAt: 0,
    updatedAt,
    preview: '',
    ...more,
  });

const ALL: ListFilter = { query: '', status: 'all', archived: false };
const shown = (
  rows: readonly ThreadRow[],
  filter: Partial<ListFilter> = {},
  unread: readonly string[] = [],
) =>
  treeOf(rows, { ...ALL, ...filter }, ({ id }) => unread.includes(id)).map(
    ({ row: { id }, depth }) => `${' '.repeat(depth)}${id}`,
  );

describe('the thread list', () => {
  it('has the latest change first, and branches under where they come from', () => {
    const rows = [
      row('old', 1),
      row('parent', 5),
      row('fork', 9, { parentId: 'parent' }),
      row('child', 2, { parentId: 'fork' }),
      row('new', 7),
    ];
    expect(shown(rows)).toEqual(['new', 'parent', ' fork', '  child', 'old']);
  });

  it('shows a branch by itself where its parent is not in the list', () => {
    const rows = [row('parent', 1, { archived: true }), row('fork', 2, { parentId: 'parent' })];
    expect(shown(rows)).toEqual(['fork']);
    expect(shown(rows, { archived: true })).toEqual(['parent']);
  });

  it('is searched in title, preview, folder and agent', () => {
    const rows = [
      row('one', 1, { preview: 'The DEFECT' }),
      row('two', 2, { cwd: '/x/defects' }),
      row('three', 3),
    ];
    expect(shown(rows, { query: ' defect ' })).toEqual(['two', 'one']);
    expect(shown(rows, { query: 'codex' })).toHaveLength(3);
    expect(shown(rows, { query: 'nothing' })).toEqual([]);
  });

  it('is filtered by status, by what waits for a person, and by what is new', () => {
    const rows = [
      row('one', 1, { status: 'error' }),
      row('two', 2, { openRequestCount: 1, status: 'running' }),
    ];
    expect(shown(rows, { status: 'error' })).toEqual(['one']);
    expect(shown(rows, { status: 'attention' })).toEqual(['two']);
    expect(shown(rows, { status: 'unread' }, ['one'])).toEqual(['one']);
  });

  it('calls a thread by its title, its last words or its id', () => {
    expect(titleOf(row('id', 1, { title: '' }))).toBe('id');
    expect(titleOf(row('id', 1, { title: '', preview: 'first\nsecond' }))).toBe('first');
    expect(titleOfPrompt(`\n  ${'word '.repeat(40)}\nmore`)).toHaveLength(80);
  });
});
