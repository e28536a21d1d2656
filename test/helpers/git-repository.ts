/** A repository in a folder of its own, as a user would have made it. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { GitHistory, type GitHistoryOptions } from '../../adapters/git/index.ts';
import { threadIdSchema } from '../../machines/domain/ids.ts';
import type { CapturePoint } from '../../machines/ports/workspace-history.ts';
import { makeTempFolder } from './temp-folder.ts';

/** No setting of the machine's has a part in it. */
export const GIT_ENV = {
  PATH: process.env['PATH'],
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
};

export class TestRepository {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.root, env: GIT_ENV, encoding: 'utf8', stdio: 'pipe' });
  }

  /** A symbolic link if the text begins with `-> `, an executable file if it begins with `#!`. */
  write(files: Readonly<Record<string, string | null>>): void {
    for (const [name, text] of Object.entries(files)) {
      rmSync(this.path(name), { recursive: true, force: true });
      if (text === null) continue;
      mkdirSync(dirname(this.path(name)), { recursive: true });
      if (text.startsWith('-> ')) symlinkSync(text.slice(3), this.path(name));
      else writeFileSync(this.path(name), text);
      if (text.startsWith('#!')) chmodSync(this.path(name), 0o755);
    }
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  commit(files: Readonly<Record<string, string | null>> = {}): void {
    this.write(files);
    this.git('add', '-A');
    this.git('commit', '-q', '--allow-empty', '-m', 'a commit');
  }

  /** The paths in a captured tree. */
  paths(tree: string): string[] {
    return this.git('ls-tree', '-r', '-z', '--name-only', tree).split('\0').slice(0, -1);
  }

  /** What a file is in a captured tree. */
  contentOf(tree: string, path: string): string {
    return this.git('cat-file', 'blob', `${tree}:${path}`);
  }
}

export function makeRepository(options: { init?: readonly string[] } = {}): TestRepository {
  const folder = makeTempFolder();
  onTestFinished(() => folder.remove());
  const repository = new TestRepository(folder.path);
  repository.git('init', '-q', '-b', 'main', ...(options.init ?? []));
  return repository;
}

export function makeHistory(options: Partial<GitHistoryOptions> = {}): GitHistory {
  const folder = makeTempFolder();
  onTestFinished(() => folder.remove());
  return new GitHistory({ folder: join(folder.path, 'git'), env: { PATH: process.env['PATH'] }, ...options });
}

export const pointOf = (name: string, thread = 'a'): CapturePoint => ({
  threadId: threadIdSchema.parse(thread),
  name,
});

/** The tree of a capture that must succeed. */
export async function captureTree(history: GitHistory, cwd: string, name: string): Promise<string> {
  const result = await history.capture(cwd, pointOf(name));
  if (result.status !== 'captured') throw new Error(`not captured: ${result.message}`);
  return result.tree;
}
