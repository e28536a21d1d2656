/** Writes a tree of the files as they are now, by an index of our own that is kept between captures. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { Missing } from '../../machines/ports/workspace-history.ts';
import { sortCandidates, type Limits, type Sorted } from './candidates.ts';
import { excludesFileOf, missing, type FileSettings, type Repository } from './repository.ts';
import { gitFailed, type Git } from './run-git.ts';
import type { Shadow } from './shadow.ts';
import { decode, joinList, splitList } from './text.ts';

export interface WrittenTree {
  readonly status: 'written';
  readonly tree: string;
  readonly skipped: readonly string[];
}

/** What a capture of this working tree needs to remember for the next one; lost with the process. */
export interface Memory {
  /** Of the files that say what is ignored and what is tracked all the same. */
  rules: string | null;
}

export interface TreeRequest {
  readonly git: Git;
  readonly shadow: Shadow;
  readonly settings: FileSettings;
  readonly limits: Limits;
  readonly memory: Memory;
}

const TRIES = 3;
const LIST = ['ls-files', '-z', '-m', '-o', '--exclude-standard'];
const LIST_IGNORED = ['ls-files', '-z', '-c', '-i', '--exclude-standard'];
const FORBIDDEN = /permission denied|insufficient permission|read-only file system/i;
const RULES_FILE = Buffer.from('.gitignore');

/**
 * Files may change while they are read: then it begins anew, a few times.
 * @throws {RuntimeError} GIT_FAILED
 */
export async function writeTree(request: TreeRequest): Promise<WrittenTree | Missing> {
  let isReadChecked = false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await new TreeWriter(request).write(isReadChecked);
    } catch (thrown) {
      if (!(thrown instanceof RuntimeError) || attempt === TRIES) return forbiddenOr(thrown);
      isReadChecked = true;
      request.memory.rules = null;
      // its objects may be gone: pruned, or another repository in the place of the one before
      if (/invalid object|error building trees|bad signature|index file/i.test(thrown.message))
        await request.shadow.dropIndex();
    }
  }
}

function forbiddenOr(thrown: unknown): Missing {
  if (thrown instanceof RuntimeError && FORBIDDEN.test(thrown.message))
    return missing('forbidden', thrown.message);
  throw thrown;
}

class TreeWriter {
  readonly #request: TreeRequest;

  constructor(request: TreeRequest) {
    this.#request = request;
  }

  async write(isReadChecked: boolean): Promise<WrittenTree | Missing> {
    const { shadow, limits, memory } = this.#request;
    const listed = splitList(await shadow.read({ args: LIST }));
    const { added, removed, rules } = await this.#rulesChange(listed);
    const candidates = [...listed, ...added];
    if (candidates.length > limits.maxFiles) return tooLarge(shadow.repository, `${candidates.length} files`);
    const sorted = await sortCandidates(shadow.repository.root, candidates, { ...limits, isReadChecked });
    if (sorted.sizeBytes > limits.maxBytes) return tooLarge(shadow.repository, `${sorted.sizeBytes} bytes`);
    await this.#update(sorted, removed);
    const tree = (await shadow.read({ args: ['write-tree'] })).toString().trim();
    memory.rules = rules;
    return { status: 'written', tree, skipped: sorted.skipped.toSorted() };
  }

  async #update({ taken, dropped }: Sorted, removed: readonly string[]): Promise<void> {
    const { shadow } = this.#request;
    const gone = [...dropped, ...removed];
    if (gone.length > 0)
      await shadow.read({ args: ['update-index', '--force-remove', '-z', '--stdin'], stdin: joinList(gone) });
    if (taken.length === 0) return;
    const args = ['update-index', '--add', '--remove', '--replace', '-z', '--stdin'];
    const { code, stderr } = await shadow.run({ args, stdin: joinList(taken) });
    if (code !== 0) throw gitFailed(args, stderr);
  }

  /**
   * A file that is ignored is captured if the user tracks it. Both can change without the file: by `.gitignore`, and by
   * the user's own index.
   */
  async #rulesChange(
    listed: readonly Buffer[],
  ): Promise<{ added: readonly Buffer[]; removed: readonly string[]; rules: string }> {
    const { git, shadow, memory } = this.#request;
    const rules = await this.#rulesNow();
    const isSame = rules === memory.rules && !listed.some((path) => path.includes(RULES_FILE));
    if (isSame) return { added: [], removed: [], rules };
    const [ours, theirs] = await Promise.all([
      shadow.read({ args: LIST_IGNORED }),
      git.read({ args: LIST_IGNORED, cwd: shadow.repository.root }),
    ]);
    const [captured, tracked] = [texts(ours), texts(theirs)];
    const removed = [...captured].filter((path) => !tracked.has(path));
    const added = [...tracked].filter((path) => !captured.has(path)).map((path) => Buffer.from(path));
    return { added, removed, rules };
  }

  async #rulesNow(): Promise<string> {
    const { shadow, settings } = this.#request;
    const { gitDir, commonDir } = shadow.repository;
    const files = [join(gitDir, 'index'), join(commonDir, 'info', 'exclude'), excludesFileOf(settings)];
    return (await Promise.all(files.map(stampOf))).join(' ');
  }
}

async function stampOf(path: string | null): Promise<string> {
  const found = path === null ? null : await stat(path, { bigint: true }).catch(() => null);
  return found === null ? '-' : `${found.ino}:${found.size}:${found.mtimeNs}`;
}

const texts = (list: Buffer): ReadonlySet<string> =>
  new Set(splitList(list).flatMap((bytes) => decode(bytes) ?? []));

const tooLarge = ({ root }: Repository, what: string): Missing =>
  missing('too-large', `${root} has ${what} to capture, which is over the limit`);
