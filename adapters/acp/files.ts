/** Files that an agent reads and writes by its client, in the workspace only. */
import { constants } from 'node:fs';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { confined } from './confine.ts';
import { NOT_FOUND, Refused } from './refused.ts';
import type { readFileSchema, writeFileSchema } from './wire.ts';

const MOST_BYTES = 16 * 1024 * 1024;

const { O_RDONLY, O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;

/** @throws {Refused} outside of the workspace, or when there is no such file */
export async function readTextFile(
  cwd: string,
  { path, line, limit }: z.infer<typeof readFileSchema>,
): Promise<object> {
  const content = await withFile(confined(cwd, path), O_RDONLY, async (file) => {
    const { size } = await file.stat();
    if (size > MOST_BYTES) throw new Refused(`${path} has more than ${MOST_BYTES} bytes`);
    return file.readFile('utf8');
  });
  return { content: partOf(content, line ?? 1, limit ?? null) };
}

function partOf(content: string, line: number, limit: number | null): string {
  const first = Math.max(0, line - 1);
  if (first === 0 && limit === null) return content;
  const lines = content.split(/(?<=\n)/);
  return lines.slice(first, limit === null ? undefined : first + limit).join('');
}

/** @throws {Refused} outside of the workspace */
export async function writeTextFile(
  cwd: string,
  { path, content }: z.infer<typeof writeFileSchema>,
): Promise<object> {
  const real = confined(cwd, path);
  await mkdir(dirname(real), { recursive: true });
  await withFile(real, O_WRONLY | O_CREAT | O_TRUNC, (file) => file.writeFile(content, 'utf8'));
  return {};
}

/** What was a file when it was looked at must not be a link or a pipe by now. */
async function withFile<T>(path: string, flags: number, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o644).catch((error: unknown) => {
    throw refusalOf(path, error);
  });
  try {
    if (!(await file.stat()).isFile()) throw new Refused(`${path} is no file`);
    return await use(file);
  } finally {
    await file.close();
  }
}

/** gemini 0.61.0 knows a missing file by these words, and makes it. */
function refusalOf(path: string, error: unknown): Refused {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : null;
  if (code === 'ENOENT') return new Refused(`Resource not found: ${path}`, NOT_FOUND);
  return new Refused(`${path}: ${error instanceof Error ? error.message : String(error)}`);
}
