/** A thread's journal as it is stored, for `threadchart export`: nothing is cut, and the raw frames come along. */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { threadEntrySchema, type ThreadEntry } from '../../machines/domain/entry.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import { threadIdSchema } from '../../machines/domain/ids.ts';
import type { RuntimeReads } from '../runtime/api.ts';
import { urlOf } from './guard.ts';

/** Entries of one page; each may be as long as what an agent prints. */
const PAGE_ENTRY_COUNT = 200;

/** A frame of the protocol log that an entry refers to. */
const loggedFrameSchema = z.object({
  ref: z.string(),
  at: z.number(),
  direction: z.enum(['in', 'out']),
  frame: z.string(),
});
export type ReadFrame = (ref: string) => Promise<Omit<z.infer<typeof loggedFrameSchema>, 'ref'> | null>;

export const entriesPageSchema = z.object({
  entries: z.array(threadEntrySchema),
  frames: z.array(loggedFrameSchema),
  /** The `after` of the next page; `null`: there is none. */
  next: z.number().nullable(),
});
export type EntriesPage = z.infer<typeof entriesPageSchema>;

const querySchema = z.strictObject({
  threadId: threadIdSchema,
  after: z.coerce.number().int().nonnegative().default(0),
});

/** @throws {RuntimeError} INVALID_PARAMS, THREAD_NOT_FOUND, THREAD_DELETED */
export async function entriesPage(
  request: IncomingMessage,
  reads: RuntimeReads,
  readFrame: ReadFrame,
): Promise<EntriesPage> {
  const query = querySchema.safeParse(Object.fromEntries(urlOf(request).searchParams));
  if (!query.success) {
    throw new RuntimeError('INVALID_PARAMS', `the query does not fit: ${z.prettifyError(query.error)}`);
  }
  const { threadId, after } = query.data;
  const { version } = reads.version(threadId);
  const { entries } = reads.entries(threadId, after, { limit: PAGE_ENTRY_COUNT, deltas: true });
  const last = entries.at(-1)?.version ?? version;
  return { entries, frames: await framesOf(entries, readFrame), next: last < version ? last : null };
}

async function framesOf(
  entries: readonly ThreadEntry[],
  readFrame: ReadFrame,
): Promise<EntriesPage['frames']> {
  const refs = new Set(entries.flatMap(({ input }) => refsIn(input)));
  const found = [...refs].map(async (ref) => {
    const logged = await readFrame(ref);
    return logged === null ? [] : [{ ref, ...logged }];
  });
  return (await Promise.all(found)).flat();
}

/** The references to frames that stand anywhere in an input. */
export function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) =>
    name === 'rawRef' && typeof each === 'string' && each !== '' ? [each] : refsIn(each),
  );
}
