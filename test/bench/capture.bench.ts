/** How long a checkpoint of a large repository takes: not on the path of a prompt, but the next turn waits for it. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GitHistory } from '../../adapters/git/index.ts';
import { threadIdSchema } from '../../machines/domain/ids.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import type { Figure } from './figure.ts';

const FOLDER_COUNT = 200;
const FILES_EACH = 100;
const CHANGED_COUNT = 50;
const TEXT = 'export const value = 1;\n'.repeat(60);

export async function measureCapture(): Promise<readonly Figure[]> {
  const [work, own] = [makeTempFolder(), makeTempFolder()];
  try {
    fill(work.path);
    const history = new GitHistory({ folder: own.path, env: process.env });
    const first = await timed(history, work.path, 'first');
    for (let folder = 0; folder < CHANGED_COUNT; folder += 1)
      appendFileSync(join(work.path, `folder-${folder}`, 'file-1.ts'), 'changed\n');
    const second = await timed(history, work.path, 'second');
    const { changes } = await history.changes(work.path, { from: first.tree, to: second.tree });
    if (changes.length !== CHANGED_COUNT) throw new Error(`${changes.length} changes`);
    const name = 'checkpoint of 20,000 files';
    return [
      { name: `${name}, 50 changed`, unit: 'ms', value: second.ms, target: { atMost: 300 } },
      { name: `${name}, the first`, unit: 'ms', value: first.ms },
    ];
  } finally {
    work.remove();
    own.remove();
  }
}

async function timed(history: GitHistory, cwd: string, name: string): Promise<{ ms: number; tree: string }> {
  const startedAt = performance.now();
  const result = await history.capture(cwd, { threadId: threadIdSchema.parse('bench'), name });
  if (result.status !== 'captured') throw new Error(result.message);
  return { ms: performance.now() - startedAt, tree: result.tree };
}

function fill(root: string): void {
  const git = (...args: string[]): unknown => execFileSync('git', args, { cwd: root });
  for (let folder = 0; folder < FOLDER_COUNT; folder += 1) {
    mkdirSync(join(root, `folder-${folder}`));
    for (let file = 0; file < FILES_EACH; file += 1)
      writeFileSync(join(root, `folder-${folder}`, `file-${file}.ts`), `${TEXT}// ${folder} ${file}\n`);
  }
  git('init', '-q');
  git('add', '-A');
  git('-c', 'user.name=bench', '-c', 'user.email=bench@example.org', 'commit', '-q', '-m', 'all');
}
