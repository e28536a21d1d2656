/** What differs between two trees. */
import { RuntimeError } from '../../machines/domain/error.ts';
import type {
  ChangeKind,
  ChangePage,
  ChangePageRequest,
  DiffRequest,
  DiffText,
  FileChange,
  FileState,
  TreeRange,
} from '../../machines/ports/workspace-history.ts';
import { gitFailed } from './run-git.ts';
import type { Shadow } from './shadow.ts';
import { splitText } from './text.ts';

/** One path in two trees; a rename is a deletion and an addition here. */
export interface PathChange {
  readonly path: string;
  readonly from: FileState | null;
  readonly to: FileState | null;
}

const DEFAULT_LIMIT = 200;
const DEFAULT_DIFF_BYTES = 256 * 1024;
/** Beyond so many on each side git looks only for files that were moved and not edited. */
const RENAME_LIMIT = 2000;
const PLAIN = ['--no-ext-diff', '--no-textconv'];
const RENAMES = ['-M', `-l${RENAME_LIMIT}`];
const KINDS: Readonly<Record<string, ChangeKind>> = { A: 'added', D: 'deleted', R: 'renamed' };

/** @throws {RuntimeError} CHECKPOINT_LOST, GIT_FAILED */
export async function readChanges(
  shadow: Shadow,
  range: TreeRange,
  { cursor, limit = DEFAULT_LIMIT }: ChangePageRequest,
): Promise<ChangePage> {
  const output = await diffTree(shadow, range, ['-z', '--raw', '--numstat', ...RENAMES]);
  const all = parseChanges(output);
  const start = Number(cursor ?? 0);
  const end = start + limit;
  return {
    changes: all.slice(start, end),
    next: end < all.length ? String(end) : null,
    total: { files: all.length, additions: sum(all, 'additions'), deletions: sum(all, 'deletions') },
  };
}

/** @throws {RuntimeError} CHECKPOINT_LOST, GIT_FAILED */
export async function readDiff(
  shadow: Shadow,
  { path, oldPath, maxBytes = DEFAULT_DIFF_BYTES, ...range }: DiffRequest,
): Promise<DiffText> {
  const paths = [oldPath, path].filter((each) => each !== undefined);
  const result = await checked(shadow, range, {
    args: [
      '--literal-pathspecs',
      'diff-tree',
      '-r',
      '-p',
      ...PLAIN,
      ...RENAMES,
      range.from,
      range.to,
      '--',
      ...paths,
    ],
    maxBytes,
  });
  if (!result.isCut) return { text: result.stdout.toString(), truncated: false };
  const lastLineEnd = result.stdout.lastIndexOf('\n') + 1;
  return { text: result.stdout.subarray(0, lastLineEnd).toString(), truncated: true };
}

/** Every path that differs, with both of its states. @throws {RuntimeError} CHECKPOINT_LOST, GIT_FAILED */
export async function readPathChanges(shadow: Shadow, range: TreeRange): Promise<PathChange[]> {
  if (range.from === range.to) return [];
  const fields = splitText(await diffTree(shadow, range, ['-z', '--raw', '--no-renames']));
  const changes: PathChange[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [oldMode = '', mode = '', oldBlob = '', blob = ''] = (fields[index] ?? '').slice(1).split(' ');
    changes.push({ path: fields[index + 1] ?? '', from: state(oldMode, oldBlob), to: state(mode, blob) });
  }
  return changes;
}

async function diffTree(shadow: Shadow, range: TreeRange, format: readonly string[]): Promise<Buffer> {
  const args = ['diff-tree', '-r', ...PLAIN, ...format, range.from, range.to];
  return (await checked(shadow, range, { args })).stdout;
}

async function checked(
  shadow: Shadow,
  range: TreeRange,
  call: { args: readonly string[]; maxBytes?: number },
): ReturnType<Shadow['run']> {
  for (const tree of [range.from, range.to])
    if (!/^[0-9a-f]{40,64}$/.test(tree))
      throw new RuntimeError('CHECKPOINT_LOST', `${tree} is no id of a tree`);
  const result = await shadow.run(call);
  if (result.code === 0 || result.isCut) return result;
  for (const tree of [range.from, range.to]) await checkTree(shadow, tree);
  throw gitFailed(['diff-tree'], result.stderr);
}

async function checkTree(shadow: Shadow, tree: string): Promise<void> {
  const { code } = await shadow.run({ args: ['cat-file', '-e', `${tree}^{tree}`] });
  if (code !== 0)
    throw new RuntimeError('CHECKPOINT_LOST', `${shadow.repository.root} has no tree ${tree} any more`);
}

/** First the raw lines (`:… status`, path, for a rename another path), then the counts in the same order. */
function parseChanges(output: Buffer): FileChange[] {
  const fields = splitText(output);
  const changes: Omit<FileChange, 'additions' | 'deletions'>[] = [];
  let index = 0;
  while (fields[index]?.startsWith(':')) {
    const kind = KINDS[fields[index]?.split(' ')[4]?.[0] ?? ''] ?? 'modified';
    const [first = '', second = ''] = fields.slice(index + 1, index + 3);
    changes.push(kind === 'renamed' ? { path: second, oldPath: first, kind } : { path: first, kind });
    index += kind === 'renamed' ? 3 : 2;
  }
  return changes.map((change) => {
    const [additions = '-', deletions = '-'] = (fields[index] ?? '').split('\t');
    index += change.kind === 'renamed' ? 3 : 1;
    return { ...change, additions: count(additions), deletions: count(deletions) };
  });
}

const count = (text: string): number | null => (text === '-' ? null : Number(text));

const state = (mode: string, blob: string): FileState | null => (/^0+$/.test(blob) ? null : { mode, blob });

const sum = (changes: readonly FileChange[], key: 'additions' | 'deletions'): number =>
  changes.reduce((total, change) => total + (change[key] ?? 0), 0);
