import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  captureTree,
  GIT_ENV,
  makeHistory,
  makeRepository,
  pointOf,
  TestRepository,
} from '../../../helpers/git-repository.ts';
import { usingTempFolder } from '../../../helpers/using-temp-folder.ts';

describe('a workspace without history says why:', () => {
  const reasonOf = async (cwd: string, history = makeHistory()): Promise<string> => {
    const result = await history.capture(cwd, pointOf('x'));
    return result.status === 'missing' ? `${result.reason}: ${result.message}` : result.status;
  };

  it('no folder, no repository, the data of git, a repository without files', async () => {
    const folder = usingTempFolder();
    expect(await reasonOf(join(folder, 'none'))).toBe(`no-folder: ${folder}/none is not a folder`);
    expect(await reasonOf(folder)).toBe(`no-repository: ${folder} is in no git repository`);
    const { root } = makeRepository();
    expect(await reasonOf(join(root, '.git'))).toMatch(
      /^no-repository: .* is inside the folder of git's own data$/,
    );
    expect(await reasonOf(makeRepository({ init: ['--bare'] }).root)).toMatch(/^bare: /);
  });

  it('no git, an old git', async () => {
    const { root } = makeRepository();
    expect(await reasonOf(root, makeHistory({ command: '/nowhere/git' }))).toBe(
      'no-git: git is not installed',
    );
    const old = join(usingTempFolder(), 'git');
    writeFileSync(old, '#!/bin/sh\necho git version 2.25.1\n', { mode: 0o755 });
    expect(await reasonOf(root, makeHistory({ command: old }))).toBe(
      'old-git: git version 2.25.1 is older than 2.31',
    );
  });

  // only root can give a folder away
  it.runIf(process.getuid?.() === 0)('a repository of somebody else, which git does not open', async () => {
    const { root } = makeRepository();
    chownSync(root, 12_345, 12_345);
    chownSync(join(root, '.git'), 12_345, 12_345);
    expect(await reasonOf(root)).toMatch(/^forbidden: .*dubious ownership/);
  });

  it('a folder that the repository around it ignores', async () => {
    const repository = makeRepository();
    repository.commit({ '.gitignore': 'work/\n', 'work/a': 'a\n', 'other/a': 'a\n' });
    expect(await reasonOf(repository.path('work'))).toMatch(/^ignored: /);
    expect(await reasonOf(repository.path('other'))).toBe('captured');
  });

  it('more than is sensible to keep', async () => {
    const repository = makeRepository();
    repository.commit({ a: 'aaaa', b: 'bbbb', c: 'cccc' });
    expect(await reasonOf(repository.root, makeHistory({ limits: { maxFiles: 2 } }))).toMatch(
      /^too-large: .* 3 files/,
    );
    expect(await reasonOf(repository.root, makeHistory({ limits: { maxBytes: 11 } }))).toMatch(
      /^too-large: .* 12 bytes/,
    );
  });
});

describe('a capture takes in', () => {
  it('a repository without a commit, and one of the other kind of id', async () => {
    for (const init of [[], ['--object-format=sha256']]) {
      const repository = makeRepository({ init });
      const history = makeHistory();
      const from = await captureTree(history, repository.root, 'before');
      expect(repository.paths(from)).toEqual([]);
      repository.write({ 'a.txt': 'a\n' });
      const to = await captureTree(history, repository.root, 'after');
      expect(repository.paths(to)).toEqual(['a.txt']);
      const { changes } = await history.changes(repository.root, { from, to });
      expect(changes).toEqual([{ path: 'a.txt', kind: 'added', additions: 1, deletions: 0 }]);
      const plan = await history.plan(repository.root, { steps: [{ before: from, after: to }] });
      await history.restore(repository.root, plan);
      expect(await captureTree(history, repository.root, 'later')).toBe(from);
    }
  });

  it('the whole repository from a folder inside it', async () => {
    const repository = makeRepository();
    repository.commit({ 'packages/a/x': 'x\n', 'package.json': '{}' });
    const result = await makeHistory().capture(repository.path('packages/a'), pointOf('x'));
    expect(result).toMatchObject({ root: repository.root });
    expect(repository.paths((result as { tree: string }).tree)).toEqual(['package.json', 'packages/a/x']);
  });

  it('a linked working tree, with its own files', async () => {
    const repository = makeRepository();
    repository.commit({ a: 'a\n' });
    const linked = new TestRepository(join(usingTempFolder(), 'linked'));
    repository.git('worktree', 'add', '-q', linked.root);
    const history = makeHistory();
    const before = await captureTree(history, linked.root, 'linked/before');
    linked.write({ a: 'changed\n' });
    const after = await captureTree(history, linked.root, 'linked/after');
    expect(linked.contentOf(after, 'a')).toBe('changed\n');
    expect(await captureTree(history, repository.root, 'main')).toBe(before);
    await history.restore(linked.root, await history.plan(linked.root, { steps: [{ before, after }] }));
    expect(linked.read('a')).toBe('a\n');
  });

  it('files with odd names and binary ones', async () => {
    const repository = makeRepository();
    repository.commit();
    const names = [
      'new\nline',
      'tab\there',
      '"quoted"',
      ' space ',
      '-dash',
      ':(top)x',
      'ümläut',
      '日本',
      'a*?[b]',
    ];
    const history = makeHistory();
    const before = await captureTree(history, repository.root, 'before');
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256));
    for (const name of names) writeFileSync(repository.path(name), bytes);
    const after = await captureTree(history, repository.root, 'after');
    expect(repository.paths(after)).toEqual(names.toSorted((a, b) => Buffer.from(a).compare(Buffer.from(b))));
    const { changes } = await history.changes(repository.root, { from: before, to: after });
    expect(changes.map((each) => each.path).toSorted()).toEqual(names.toSorted());
    for (const path of names) {
      const { text } = await history.diff(repository.root, { from: before, to: after, path });
      expect(text.match(/^diff --git/gm)).toHaveLength(1);
    }
    await history.restore(
      repository.root,
      await history.plan(repository.root, { steps: [{ before: after, after: before }] }),
    );
    expect(await captureTree(history, repository.root, 'later')).toBe(after);
    const plan = await history.plan(repository.root, { steps: [{ before, after }] });
    await history.restore(repository.root, plan);
    expect(await captureTree(history, repository.root, 'last')).toBe(before);
  });

  it('ignored files that are tracked, from when they are, until they are not', async () => {
    const repository = makeRepository();
    repository.commit({ '.gitignore': '*.log\n', 'a.log': 'a\n', 'plain.txt': 'p\n' });
    const history = makeHistory();
    expect(repository.paths(await captureTree(history, repository.root, '1'))).not.toContain('a.log');
    repository.git('add', '-f', 'a.log');
    expect(repository.paths(await captureTree(history, repository.root, '2'))).toContain('a.log');
    repository.git('rm', '-q', '--cached', 'a.log');
    expect(repository.paths(await captureTree(history, repository.root, '3'))).not.toContain('a.log');
    repository.write({ '.env': 'secret\n' });
    expect(repository.paths(await captureTree(history, repository.root, '4'))).toContain('.env');
    repository.write({ '.gitignore': '.env\n' });
    expect(repository.paths(await captureTree(history, repository.root, '5'))).toEqual([
      '.gitignore',
      'a.log',
      'plain.txt',
    ]);
  });

  it("what the user's own excludes let through, repository's and global", async () => {
    const repository = makeRepository();
    repository.commit({ a: 'a\n' });
    const home = usingTempFolder();
    writeFileSync(join(home, 'ignore'), 'global\n');
    writeFileSync(join(home, '.gitconfig'), '[core]\n\texcludesFile = ~/ignore\n');
    repository.write({ '.git/info/exclude': 'local\n', local: 'l', global: 'g', seen: 's' });
    const history = makeHistory({ env: { PATH: process.env['PATH'], HOME: home } });
    expect(repository.paths(await captureTree(history, repository.root, 'x'))).toEqual(['a', 'seen']);
  });

  it('a sparse working tree as it is on disk', async () => {
    const repository = makeRepository();
    repository.commit({ 'in/a': 'a\n', 'out/b': 'b\n' });
    repository.git('sparse-checkout', 'set', 'in');
    const history = makeHistory();
    const before = await captureTree(history, repository.root, 'before');
    expect(repository.paths(before)).toEqual(['in/a']);
    repository.write({ 'in/a': 'c\n' });
    const after = await captureTree(history, repository.root, 'after');
    await history.restore(
      repository.root,
      await history.plan(repository.root, { steps: [{ before, after }] }),
    );
    expect(repository.git('status', '--porcelain')).toBe('');
  });
});

describe('a capture leaves out', () => {
  it('other repositories inside: submodules, nested ones, with and without a commit', async () => {
    const inner = makeRepository();
    inner.commit({ x: 'x\n' });
    const repository = makeRepository();
    repository.commit({ a: 'a\n' });
    repository.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.root, 'sub');
    repository.commit();
    for (const name of ['nested', 'empty']) {
      mkdirSync(repository.path(name));
      new TestRepository(repository.path(name)).git('init', '-q');
      repository.write({ [`${name}/file`]: 'f\n' });
    }
    new TestRepository(repository.path('nested')).commit();
    const history = makeHistory();
    const before = await captureTree(history, repository.root, 'before');
    expect(repository.paths(before)).toEqual(['.gitmodules', 'a']);
    new TestRepository(repository.path('sub')).commit({ y: 'y\n' });
    expect(await captureTree(history, repository.root, 'after')).toBe(before);
  });

  it('files over the limit, and says so; a rollback does not write over them', async () => {
    const repository = makeRepository();
    repository.commit({ grows: 'small\n', huge: '' });
    truncateSync(repository.path('huge'), 3000);
    const history = makeHistory({ limits: { maxFileBytes: 2000 } });
    const before = await captureTree(history, repository.root, 'before');
    expect(repository.paths(before)).toEqual(['grows']);
    truncateSync(repository.path('grows'), 3000);
    const after = await history.capture(repository.root, pointOf('after'));
    expect(after).toMatchObject({ skipped: ['grows', 'huge'] });
    const steps = [{ before, after: (after as { tree: string }).tree }];
    const plan = await history.plan(repository.root, { steps });
    expect(plan).toEqual({ restore: [], conflicts: [{ path: 'grows', reason: 'unseen' }] });
  });

  it('names that are not UTF-8, pipes and empty folders', async () => {
    const repository = makeRepository();
    repository.commit({ a: 'a\n' });
    writeFileSync(Buffer.concat([Buffer.from(repository.path('bad-')), Buffer.from([0xff])]), 'x');
    execFileSync('mkfifo', [repository.path('pipe')]);
    mkdirSync(repository.path('empty'));
    const result = await makeHistory().capture(repository.root, pointOf('x'));
    expect(result).toMatchObject({ skipped: ['bad-\ufffd'] });
    expect(repository.paths((result as { tree: string }).tree)).toEqual(['a']);
  });
});

describe("the user's settings", () => {
  it('change no byte: line endings and filters are not applied', async () => {
    const repository = makeRepository();
    repository.git('config', 'core.autocrlf', 'true');
    repository.git('config', 'filter.shout.clean', 'touch ran; tr a-z A-Z');
    repository.git('config', 'filter.shout.smudge', 'touch ran; tr A-Z a-z');
    repository.git('config', 'filter.shout.required', 'true');
    const mixed = 'one\r\ntwo\nthree\r\n';
    repository.write({ '.gitattributes': '*.txt text\n*.shout filter=shout\n*.id ident\n' });
    repository.write({ 'a.txt': mixed, 'b.shout': 'Mixed Case\n', 'c.id': '$Id$\n' });
    const history = makeHistory();
    const before = await captureTree(history, repository.root, 'before');
    expect(repository.contentOf(before, 'a.txt')).toBe(mixed);
    repository.write({ 'a.txt': 'x', 'b.shout': 'x', 'c.id': 'x' });
    const after = await captureTree(history, repository.root, 'after');
    await history.restore(
      repository.root,
      await history.plan(repository.root, { steps: [{ before, after }] }),
    );
    expect(['a.txt', 'b.shout', 'c.id'].map((name) => repository.read(name))).toEqual([
      mixed,
      'Mixed Case\n',
      '$Id$\n',
    ]);
    expect(repository.paths(await captureTree(history, repository.root, 'later'))).not.toContain('ran');
  });

  it('run nothing: no hook, no monitor, no diff program; and a lock of theirs stops nothing', async () => {
    const repository = makeRepository();
    repository.commit({ 'a.txt': 'a\n', '.gitattributes': '*.txt diff=told\n' });
    const ran = join(usingTempFolder(), 'ran');
    const tell = `#!/bin/sh\ntouch ${ran}\n`;
    for (const hook of ['reference-transaction', 'post-index-change', 'post-checkout', 'fsmonitor'])
      repository.write({ [`.git/hooks/${hook}`]: tell });
    repository.git('config', 'core.fsmonitor', repository.path('.git/hooks/fsmonitor'));
    repository.git('config', 'diff.told.command', `touch ${ran}; true`);
    repository.git('config', 'diff.told.textconv', `touch ${ran}; cat`);
    repository.git('config', 'core.logAllRefUpdates', 'always');
    rmSync(ran, { force: true });
    repository.write({ '.git/index.lock': '', 'b.txt': 'b\n' });
    const history = makeHistory();
    const before = await captureTree(history, repository.root, 'before');
    repository.write({ 'a.txt': 'A\n' });
    const after = await captureTree(history, repository.root, 'after');
    expect((await history.diff(repository.root, { from: before, to: after })).text).toContain('-a\n+A\n');
    await history.restore(
      repository.root,
      await history.plan(repository.root, { steps: [{ before, after }] }),
    );
    await history.forget(repository.root, pointOf('x').threadId);
    expect(() => statSync(ran)).toThrow('ENOENT');
    expect(statSync(repository.path('.git/index.lock')).size).toBe(0);
    expect(() => statSync(repository.path('.git/logs/refs/threadchart'))).toThrow('ENOENT');
  });

  it("of the server's own environment do not leak in", async () => {
    const repository = makeRepository();
    repository.commit({ a: 'a\n' });
    const other = makeRepository();
    const env = {
      PATH: process.env['PATH'],
      LANG: 'de_DE.UTF-8',
      GIT_DIR: other.path('.git'),
      GIT_WORK_TREE: other.root,
      GIT_INDEX_FILE: other.path('.git/other-index'),
      GIT_OBJECT_DIRECTORY: other.path('.git/objects'),
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.bare',
      GIT_CONFIG_VALUE_0: 'true',
    };
    const tree = await captureTree(makeHistory({ env }), repository.root, 'x');
    expect(repository.paths(tree)).toEqual(['a']);
    const count = execFileSync('git', ['count-objects'], { cwd: other.root, env: GIT_ENV, encoding: 'utf8' });
    expect(count).toMatch(/^0 objects/);
  });
});

describe('a capture is made anew when', () => {
  it('its objects were pruned, or another repository is in the place of the first', async () => {
    const repository = makeRepository();
    repository.write({ a: 'a\n', 'd/b': 'b\n' });
    const history = makeHistory();
    const tree = await captureTree(history, repository.root, 'x');
    await history.forget(repository.root, pointOf('x').threadId);
    repository.git('gc', '-q', '--prune=now');
    expect(await captureTree(history, repository.root, 'y')).toBe(tree);
    expect(repository.contentOf(tree, 'd/b')).toBe('b\n');
    rmSync(repository.path('.git'), { recursive: true });
    repository.git('init', '-q');
    expect(await captureTree(history, repository.root, 'z')).toBe(tree);
    expect(repository.contentOf(tree, 'd/b')).toBe('b\n');
  });

  it('a git that was killed has left the lock of our index, or half an index', async () => {
    const repository = makeRepository();
    repository.commit({ a: 'a\n' });
    const folder = usingTempFolder();
    const tree = await captureTree(makeHistory({ folder }), repository.root, 'x');
    const index = execFileSync('find', [folder, '-name', 'index'], { encoding: 'utf8' }).trim();
    writeFileSync(`${index}.lock`, '');
    expect(await captureTree(makeHistory({ folder }), repository.root, 'y')).toBe(tree);
    truncateSync(index, 40);
    expect(await captureTree(makeHistory({ folder }), repository.root, 'z')).toBe(tree);
    writeFileSync(index, 'no index at all');
    expect(await captureTree(makeHistory({ folder }), repository.root, 'w')).toBe(tree);
  });

  it('two threads capture at once: both have a whole tree', async () => {
    const repository = makeRepository();
    repository.commit(
      Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`f${index}`, `${index}\n`])),
    );
    const history = makeHistory();
    const captures = ['a', 'b', 'c', 'd'].map((thread) =>
      history.capture(repository.root, pointOf('x', thread)),
    );
    const trees = (await Promise.all(captures)).map((each) =>
      each.status === 'captured' ? each.tree : each.reason,
    );
    expect(new Set(trees).size).toBe(1);
    expect(repository.paths(trees[0] ?? '')).toHaveLength(200);
  });
});

it('a file mode that the user has git ignore is not a change', async () => {
  const repository = makeRepository();
  repository.git('config', 'core.fileMode', 'false');
  repository.commit({ run: 'x\n' });
  const history = makeHistory();
  const before = await captureTree(history, repository.root, 'before');
  chmodSync(repository.path('run'), 0o755);
  expect(await captureTree(history, repository.root, 'after')).toBe(before);
});
