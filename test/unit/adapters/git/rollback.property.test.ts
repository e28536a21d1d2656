/** Random edits by a thread and by others; the rollback is compared with a model that knows who did what. */
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Step } from '../../../../machines/ports/workspace-history.ts';
import { captureTree, makeHistory, makeRepository } from '../../../helpers/git-repository.ts';

const PATHS = ['a', 'b', 'd/c', 'd/e', 'f/g/h'];
const CONTENTS = ['1\n', '2\n', '#!3\n', '-> b', null];

type Content = string | null;

interface Edit {
  readonly path: string;
  readonly content: Content;
}

/** Edits of the thread in a turn, and then of others. */
interface Round {
  readonly thread: readonly Edit[];
  readonly others: readonly Edit[];
}

const edit = fc.record({ path: fc.constantFrom(...PATHS), content: fc.constantFrom(...CONTENTS) });
const edits = fc.array(edit, { maxLength: 4 });
const rounds = fc.array(fc.record({ thread: edits, others: edits }), { minLength: 1, maxLength: 3 });

type Files = Map<string, Content>;

interface Change {
  readonly who: keyof Round;
  readonly from: Content;
  readonly to: Content;
}

/** What really became of a path, in order. */
function changesOf(path: string, start: Content, played: readonly Round[]): Change[] {
  const changes: Change[] = [];
  let content = start;
  for (const round of played) {
    for (const who of ['thread', 'others'] as const) {
      const written = round[who].findLast((each) => each.path === path);
      if (written === undefined || written.content === content) continue;
      changes.push({ who, from: content, to: written.content });
      content = written.content;
    }
  }
  return changes;
}

/** What each path is after the rollback, and which are conflicts. */
function expected(start: Files, played: readonly Round[]): { files: Files; conflicts: string[] } {
  const files: Files = new Map();
  const conflicts: string[] = [];
  for (const [path, content] of start) {
    const changes = changesOf(path, content, played);
    const { to: now } = changes.at(-1) ?? { to: content };
    const firstByThread = changes.findIndex((each) => each.who === 'thread');
    const isMine = firstByThread > changes.findLastIndex((each) => each.who === 'others');
    const { from: before } = changes[firstByThread] ?? { from: now };
    files.set(path, isMine ? before : now);
    if (!isMine && before !== now) conflicts.push(path);
  }
  return { files, conflicts };
}

it('a rollback restores exactly what the thread did and nothing else, and once more changes nothing', async () => {
  const repository = makeRepository();
  const history = makeHistory();
  let captureCount = 0;
  const capture = (): Promise<string> => captureTree(history, repository.root, `${(captureCount += 1)}`);
  const filesNow = (): Files => new Map(PATHS.map((path) => [path, contentOf(repository.path(path))]));
  await fc.assert(
    fc.asyncProperty(edits, rounds, async (first, played) => {
      const reset = Object.fromEntries(PATHS.map((path) => [path, null]));
      repository.write({ ...reset, ...record(first) });
      const start = filesNow();
      const steps: Step[] = [];
      for (const { thread, others } of played) {
        const before = await capture();
        repository.write(record(thread));
        steps.push({ before, after: await capture() });
        repository.write(record(others));
      }
      const { files, conflicts } = expected(start, played);
      const plan = await history.plan(repository.root, { steps });
      expect(plan.conflicts.map((each) => each.path)).toEqual(conflicts);
      await history.restore(repository.root, { ...plan, restore: plan.restore.slice(0, 1) });
      const report = await history.restore(repository.root, plan);
      expect(report.conflicts).toEqual([]);
      expect(filesNow()).toEqual(files);
      expect((await history.plan(repository.root, { steps })).restore).toEqual([]);
    }),
    { numRuns: 5 },
  );
}, 60_000);

const record = (list: readonly Edit[]): Record<string, Content> =>
  Object.fromEntries(list.map(({ path, content }) => [path, content]));

/** As the test writes it. */
function contentOf(path: string): Content {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true)
    return `-> ${readlinkSync(path)}`;
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}
