/** A thread up to one of its entries as a recording, for whoever has it before them in the console. */
import type { IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { RuntimeError } from '../../machines/domain/error.ts';
import { threadIdSchema, type ThreadId } from '../../machines/domain/ids.ts';
import type { RecordingHeader, RecordingLine } from '../../machines/domain/recording.ts';
import { recordingHeader, recordingLines } from '../recording-lines.ts';
import { EntryRedactor } from '../redact-entries.ts';
import type { RuntimeReads } from '../runtime/api.ts';
import { entriesAfter, type ReadFrame } from './entries.ts';
import { urlOf } from './guard.ts';
import type { Answer } from './respond.ts';

/** How its lines look, and what is taken out of them. */
export interface RecordingStyle {
  redact(text: string): string;
  formatLine(line: RecordingHeader | RecordingLine): string;
}

interface RecordingParts {
  readonly reads: RuntimeReads;
  readonly readFrame: ReadFrame;
  readonly release: string;
  readonly style: RecordingStyle;
}

const querySchema = z.strictObject({
  threadId: threadIdSchema,
  /** A sequence. Default: all of it. */
  until: z.coerce.number().int().positive().default(Number.MAX_SAFE_INTEGER),
});

/** @throws {RuntimeError} INVALID_PARAMS, THREAD_NOT_FOUND, THREAD_DELETED, ENTRY_NOT_FOUND */
export function recordingAnswer(request: IncomingMessage, parts: RecordingParts): Answer {
  const query = querySchema.safeParse(Object.fromEntries(urlOf(request).searchParams));
  if (!query.success) {
    throw new RuntimeError('INVALID_PARAMS', `the query does not fit: ${z.prettifyError(query.error)}`);
  }
  const { threadId, until } = query.data;
  parts.reads.journals(threadId);
  const version = parts.reads.versionAt(threadId, until);
  if (version === 0) {
    throw new RuntimeError('ENTRY_NOT_FOUND', `thread ${threadId} has no entry at ${until} or before`, {
      details: { threadId, sequence: until },
    });
  }
  const name = `${threadId.replaceAll(/[^\w-]/g, '-')}-${version}.ndjson`;
  return {
    status: 200,
    contentType: 'application/x-ndjson; charset=utf-8',
    body: textsOf(threadId, until, parts),
    headers: { 'content-disposition': `attachment; filename="${name}"` },
  };
}

/** A page at a time, between which everything else goes on. */
async function* textsOf(threadId: ThreadId, until: number, parts: RecordingParts): AsyncGenerator<string> {
  const { reads, readFrame, style } = parts;
  const redactor = new EntryRedactor((text) => style.redact(text));
  const told = new Set<string>();
  yield style.formatLine(headerOf(threadId, parts));
  let lineCount = 0;
  for (let after: number | null = 0; after !== null;) {
    const page = await entriesAfter({ threadId, after }, reads, readFrame);
    const entries = page.entries.filter(({ sequence }) => sequence <= until);
    const lines = recordingLines(
      entries.map((entry) => redactor.take(entry)),
      page.frames,
      told,
    );
    lineCount += lines.length;
    yield lines.map((line) => style.formatLine(line)).join('');
    after = entries.length < page.entries.length ? null : page.next;
    await setImmediate();
  }
  yield style.formatLine({ kind: 'end', lineCount });
}

function headerOf(threadId: ThreadId, { reads, release, style }: RecordingParts): RecordingHeader {
  const thread = reads.row(threadId);
  if (thread === null) throw new RuntimeError('THREAD_NOT_FOUND', `no thread ${threadId}`);
  const instance = reads.instances().find(({ instanceId }) => instanceId === thread.instanceId);
  const redact = (text: string): string => style.redact(text);
  return recordingHeader({ thread, instance, release, redact, at: thread.createdAt });
}
