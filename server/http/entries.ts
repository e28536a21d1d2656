/**
 * A thread's journal as it is stored, for `threadchart export`: nothing is cut, and the raw frames come along. That of a
 * fork begins with the journals that its transcript goes on in.
 */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { threadEntrySchema, type ThreadEntry } from '../../machines/domain/entry.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import { threadIdSchema } from '../../machines/domain/ids.ts';
import type { JournalPart, RuntimeReads } from '../runtime/api.ts';
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
  /** A sequence. */
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
  return entriesAfter(query.data, reads, readFrame);
}

/** @throws {RuntimeError} THREAD_NOT_FOUND, THREAD_DELETED */
export async function entriesAfter(
  { threadId, after }: z.infer<typeof querySchema>,
  reads: RuntimeReads,
  readFrame: ReadFrame,
): Promise<EntriesPage> {
  const parts = reads.journals(threadId);
  const entries = firstIn(parts, (part) => entriesOf(reads, part, after));
  return { entries, frames: await framesOf(entries, readFrame), next: nextOf(entries, parts.at(-1)) };
}

/** A journal that was purged has none. */
function firstIn(parts: readonly JournalPart[], read: (part: JournalPart) => ThreadEntry[]): ThreadEntry[] {
  for (const part of parts) {
    const entries = read(part);
    if (entries.length > 0) return entries;
  }
  return [];
}

function entriesOf(reads: RuntimeReads, { threadId, until }: JournalPart, after: number): ThreadEntry[] {
  const from = reads.versionAt(threadId, after);
  const { entries } = reads.entries(threadId, from, { limit: PAGE_ENTRY_COUNT, deltas: true });
  return entries.filter(({ version }) => version <= until);
}

/** `null`: the last journal has been read to its end. */
function nextOf(entries: readonly ThreadEntry[], last: JournalPart | undefined): number | null {
  const entry = entries.at(-1);
  if (entry === undefined || last === undefined) return null;
  return entry.stream === last.threadId && entry.version >= last.until ? null : entry.sequence;
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
