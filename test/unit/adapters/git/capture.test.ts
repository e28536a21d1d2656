import { describe, expect, it } from 'vitest';
import { captureTree, makeHistory, makeRepository, pointOf } from '../../../helpers/git-repository.ts';

describe('a capture', () => {
  it('holds the files as they are on disk, tracked or not, without what is ignored', async () => {
    const repository = makeRepository();
    repository.commit({ 'a.txt': 'a\n', 'dir/b.txt': 'b\n', '.gitignore': '*.log\n' });
    repository.write({ 'a.txt': 'changed\n', 'dir/b.txt': null, 'new.txt': 'new\n', 'x.log': 'x\n' });
    const tree = await captureTree(makeHistory(), repository.root, 'before');
    expect(repository.paths(tree)).toEqual(['.gitignore', 'a.txt', 'new.txt']);
    expect(repository.contentOf(tree, 'a.txt')).toBe('changed\n');
  });

  it('keeps its tree under a ref, and again with the same name is the first one', async () => {
    const repository = makeRepository();
    repository.commit({ 'a.txt': 'a\n' });
    const history = makeHistory();
    const first = await history.capture(repository.root, pointOf('t1/before'));
    repository.write({ 'a.txt': 'b\n' });
    const again = await history.capture(repository.root, pointOf('t1/before'));
    const other = await history.capture(repository.root, pointOf('t1/after'));
    expect(first).toMatchObject({ status: 'captured', root: repository.root, skipped: [] });
    expect(again).toEqual(first);
    expect(other).not.toMatchObject({ tree: (first as { tree: string }).tree });
    expect(repository.git('for-each-ref', '--format=%(refname)', 'refs/threadchart').split('\n')).toEqual([
      'refs/threadchart/a/t1%2Fafter',
      'refs/threadchart/a/t1%2Fbefore',
      '',
    ]);
  });

  it('leaves the index, HEAD, the stash and the status of the user as they were', async () => {
    const repository = makeRepository();
    repository.commit({ 'a.txt': 'a\n', 'b.txt': 'b\n' });
    repository.write({ 'a.txt': 'staged\n' });
    repository.git('add', 'a.txt');
    repository.write({ 'a.txt': 'staged and changed\n', 'new.txt': 'new\n' });
    const look = (): string =>
      ['status --porcelain=v2 --branch', 'stash list', 'config --list --local', 'ls-files -s --debug']
        .map((args) => repository.git(...args.split(' ')))
        .join('\n');
    const before = look();
    await captureTree(makeHistory(), repository.root, 'before');
    expect(look()).toBe(before);
  });
});

describe('the changes between two captures', () => {
  it('have their real kinds, with counts', async () => {
    const repository = makeRepository();
    const long = Array.from({ length: 50 }, (_, line) => `line ${line}\n`).join('');
    repository.commit({ 'gone.txt': 'x\n', 'old.txt': long, 'edit.txt': 'a\nb\n', 'image.png': 'a\0b' });
    const history = makeHistory();
    const from = await captureTree(history, repository.root, 'before');
    repository.write({ 'gone.txt': null, 'old.txt': null, 'moved.txt': `${long}more\n` });
    repository.write({ 'edit.txt': 'a\nc\n', 'image.png': 'a\0c', 'new.txt': '1\n2\n' });
    const to = await captureTree(history, repository.root, 'after');
    const page = await history.changes(repository.root, { from, to });
    expect(page).toEqual({
      changes: [
        { path: 'edit.txt', kind: 'modified', additions: 1, deletions: 1 },
        { path: 'gone.txt', kind: 'deleted', additions: 0, deletions: 1 },
        { path: 'image.png', kind: 'modified', additions: null, deletions: null },
        { path: 'moved.txt', oldPath: 'old.txt', kind: 'renamed', additions: 1, deletions: 0 },
        { path: 'new.txt', kind: 'added', additions: 2, deletions: 0 },
      ],
      next: null,
      total: { files: 5, additions: 4, deletions: 2 },
    });
  });

  it('come in pages', async () => {
    const repository = makeRepository();
    repository.commit();
    const history = makeHistory();
    const from = await captureTree(history, repository.root, 'before');
    repository.write({ a: '1', b: '1', c: '1' });
    const to = await captureTree(history, repository.root, 'after');
    const first = await history.changes(repository.root, { from, to }, { limit: 2 });
    expect(first.changes.map((each) => each.path)).toEqual(['a', 'b']);
    const second = await history.changes(
      repository.root,
      { from, to },
      { cursor: first.next ?? '', limit: 2 },
    );
    expect(second.changes.map((each) => each.path)).toEqual(['c']);
    expect(second.next).toBeNull();
    expect(second.total).toEqual(first.total);
  });

  it('have a text, of one file or of all, cut between lines', async () => {
    const repository = makeRepository();
    repository.commit({ 'a.txt': 'a\n', 'b.txt': 'b\n' });
    const history = makeHistory();
    const from = await captureTree(history, repository.root, 'before');
    repository.write({ 'a.txt': 'A\n', 'b.txt': 'B\n' });
    const to = await captureTree(history, repository.root, 'after');
    const one = await history.diff(repository.root, { from, to, path: 'a.txt' });
    expect(one.text).toContain('-a\n+A\n');
    expect(one.text).not.toContain('b.txt');
    const all = await history.diff(repository.root, { from, to });
    expect(all.text).toContain('-b\n+B\n');
    const cut = await history.diff(repository.root, { from, to, maxBytes: 40 });
    expect(cut).toEqual({ text: `${all.text.split('\n')[0] ?? ''}\n`, truncated: true });
  });

  it('are refused with a code when a tree is gone', async () => {
    const repository = makeRepository();
    repository.commit();
    const tree = await captureTree(makeHistory(), repository.root, 'before');
    const range = { from: tree, to: '1'.repeat(40) };
    await expect(makeHistory().changes(repository.root, range)).rejects.toMatchObject({
      code: 'CHECKPOINT_LOST',
    });
  });
});
