/**
 * A git folder of our own beside the user's: the same objects, another index, other settings. So the user's index,
 * filters, line-ending rules and hooks have no part in a capture, and nothing of the user's is locked by it.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileSettings, Repository } from './repository.ts';
import type { Git, GitCall } from './run-git.ts';

export interface ShadowRequest {
  readonly repository: Repository;
  /** Our folder for all shadows. */
  readonly folder: string;
  readonly settings?: FileSettings;
}

type Call = Pick<GitCall, 'args' | 'stdin' | 'maxBytes' | 'env'>;

/** Bytes as they are: these settings come before those of any other file. */
const ATTRIBUTES = '* -text -eol -crlf -ident -filter -working-tree-encoding\n';

export class Shadow {
  readonly repository: Repository;
  readonly path: string;
  readonly #git: Git;
  readonly #settings: FileSettings;

  constructor(git: Git, { repository, folder, settings = [] }: ShadowRequest) {
    this.repository = repository;
    this.path = join(folder, createHash('sha256').update(repository.gitDir).digest('hex').slice(0, 32));
    this.#git = git;
    this.#settings = settings;
  }

  get indexPath(): string {
    return join(this.path, 'index');
  }

  /** Makes it, if it is not there. */
  async prepare(): Promise<void> {
    const { objectFormat, commonDir } = this.repository;
    const isSha1 = objectFormat === 'sha1';
    const version = isSha1 ? '0' : `1\n[extensions]\n\tobjectFormat = ${objectFormat}`;
    for (const name of ['objects', 'refs', 'info'])
      await mkdir(join(this.path, name), { recursive: true, mode: 0o700 });
    await writeFile(join(this.path, 'config'), `[core]\n\trepositoryFormatVersion = ${version}\n`);
    await writeFile(join(this.path, 'info', 'attributes'), ATTRIBUTES);
    await this.#link(join(commonDir, 'info', 'exclude'), join(this.path, 'info', 'exclude'));
    // last: with it the folder is a git folder
    await writeFile(join(this.path, 'HEAD'), 'ref: refs/heads/none\n');
  }

  /** Clears away what a killed git has left; only for who has the index to itself. */
  async unlockIndex(): Promise<void> {
    await rm(`${this.indexPath}.lock`, { force: true });
  }

  /** A captured index that does not fit the objects any more is made anew. */
  async dropIndex(): Promise<void> {
    await rm(this.indexPath, { force: true });
  }

  run(call: Call): ReturnType<Git['run']> {
    return this.#git.run(this.#inShadow(call));
  }

  read(call: Call): Promise<Buffer> {
    return this.#git.read(this.#inShadow(call));
  }

  #inShadow(call: Call): GitCall {
    const { root, commonDir } = this.repository;
    const env = {
      GIT_DIR: this.path,
      GIT_WORK_TREE: root,
      GIT_OBJECT_DIRECTORY: join(commonDir, 'objects'),
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_ATTR_NOSYSTEM: '1',
      ...call.env,
    };
    return { ...call, args: [...this.#settings, ...call.args], cwd: root, env };
  }

  async #link(target: string, path: string): Promise<void> {
    const isThere = await lstat(path).then(
      () => true,
      () => false,
    );
    if (!isThere) await symlink(target, path);
  }
}
