/** What is written down of a thread's working tree beside it, so that a crash leaves nothing unknown. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { threadIdSchema, type ThreadId } from '../../machines/domain/ids.ts';
import { safePart } from './refs.ts';

const recordSchema = z.object({
  threadId: threadIdSchema,
  root: z.string(),
  cwd: z.string(),
  source: z.string(),
  branch: z.string(),
  /** The branch was not there before. */
  isOwnBranch: z.boolean(),
  /** The captured files that it began with; absent: those of its commit. */
  tree: z.string().optional(),
  /** Without it the making was cut short. */
  isWhole: z.boolean(),
});
export type WorktreeRecord = z.infer<typeof recordSchema>;

export class WorktreeRecords {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  rootOf(threadId: ThreadId): string {
    return join(this.#folder, safePart(threadId));
  }

  /** For work on captured files. No thread's own folder is called so. */
  filesOf(threadId: ThreadId): string {
    return join(this.#folder, '.files', safePart(threadId));
  }

  async read(threadId: ThreadId): Promise<WorktreeRecord | null> {
    return this.#readFile(`${safePart(threadId)}.json`);
  }

  async write(record: WorktreeRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = this.#pathOf(record.threadId);
    await writeFile(`${path}.new`, JSON.stringify(record));
    await rename(`${path}.new`, path);
  }

  async remove(threadId: ThreadId): Promise<void> {
    await rm(this.#pathOf(threadId), { force: true });
  }

  async all(): Promise<WorktreeRecord[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const files = names.filter((name) => name.endsWith('.json')).toSorted();
    return (await Promise.all(files.map((name) => this.#readFile(name)))).filter((each) => each !== null);
  }

  #pathOf(threadId: ThreadId): string {
    return join(this.#folder, `${safePart(threadId)}.json`);
  }

  async #readFile(name: string): Promise<WorktreeRecord | null> {
    const text = await readFile(join(this.#folder, name), 'utf8').catch(() => null);
    if (text === null) return null;
    const parsed: unknown = JSON.parse(text);
    return recordSchema.parse(parsed);
  }
}
