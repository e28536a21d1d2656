/** How commands find the server of a data folder: a running one leaves its URL there. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { RuntimeError } from '../../machines/domain/error.ts';

const schema = z.object({ url: z.url(), pid: z.number().int(), tokenFile: z.string() });
export type ServerFile = z.infer<typeof schema>;

const pathIn = (data: string): string => join(data, 'server.json');

export function writeServerFile(data: string, file: ServerFile): void {
  writeFileSync(pathIn(data), `${JSON.stringify(file)}\n`, { mode: 0o600 });
}

export function removeServerFile(data: string): void {
  rmSync(pathIn(data), { force: true });
}

/** `null`: no server has said that it runs on this data folder. */
export function readServerFile(data: string): ServerFile | null {
  try {
    return schema.parse(JSON.parse(readFileSync(pathIn(data), 'utf8')));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new RuntimeError('INTERNAL', `${pathIn(data)} cannot be read: ${String(cause)}`, { cause });
  }
}
