/**
 * `threadchart export`: one thread as a recording, with its journal and the raw frames that it refers to. Before the journal
 * of a fork stand those of what it branched off from, up to there.
 */
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import { errorCodeSchema, RuntimeError } from '../../machines/domain/error.ts';
import type { Recording } from '../../machines/domain/recording.ts';
import type { CliParts } from '../cli.ts';
import type { Client } from '../client/client.ts';
import { loadConfig } from '../config.ts';
import { entriesPageSchema, type EntriesPage } from '../http/entries.ts';
import { recordingHeader, recordingLines } from '../recording-lines.ts';
import { redactEntries } from '../redact-entries.ts';
import type { Redact } from '../redact-value.ts';
import { withClient, type ClientFlags, type Place } from './connection.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

interface ExportArguments {
  readonly threadId: string;
  /** `undefined`: to stdout. */
  readonly file: string | undefined;
}

type Parts = Pick<CliParts, 'adapters' | 'release'> & { readonly terminal: Terminal };

export function exportCommand(
  { threadId, file }: ExportArguments,
  flags: ClientFlags,
  { adapters, release, terminal }: Parts,
): Promise<ExitCode> {
  return withClient(flags, async (client, place) => {
    adapters.secrets.add(place.token);
    for (const { env } of loadConfig(flags, process.env).instances) adapters.secrets.addEnvironment(env);
    const { entries, frames } = await readThread(place, threadId);
    const { recordings } = adapters;
    const redact: Redact = (text) => recordings.redact(text);
    const header = await headerOf(client, { threadId, entries, release, redact });
    const lines = recordingLines(redactEntries(entries, redact), frames, new Set());
    const text = recordings.format({ header, lines });
    if (file === undefined) show(text, terminal);
    else writeNew(file, text);
    const threadIds = [...new Set(entries.map(({ stream }) => stream))];
    const done = { file: file ?? null, entryCount: entries.length, frameCount: frames.length, threadIds };
    const of = threadIds.length === 1 ? '' : ` of ${threadIds.length} threads`;
    if (file !== undefined) terminal.print(`${entries.length} entries${of} in ${file}`, done);
    return EXIT_CODES.ok;
  });
}

/** With `--json` line by line, which is the same. */
function show(text: string, terminal: Terminal): void {
  if (!terminal.isJson) return terminal.write(text);
  for (const line of text.trimEnd().split('\n')) terminal.print('', JSON.parse(line));
}

/** @throws {RuntimeError} with the code of the server */
async function readThread(place: Place, threadId: string): Promise<Omit<EntriesPage, 'next'>> {
  const entries: EntriesPage['entries'] = [];
  const frames = new Map<string, EntriesPage['frames'][number]>();
  for (let after: number | null = 0; after !== null;) {
    const page: EntriesPage = await readPage(place, { threadId, after: String(after) });
    entries.push(...page.entries);
    for (const frame of page.frames) frames.set(frame.ref, frame);
    after = page.next;
  }
  return { entries, frames: [...frames.values()] };
}

const refusalSchema = z.object({ error: z.object({ code: errorCodeSchema, message: z.string() }) });

async function readPage({ url, token }: Place, query: Record<string, string>): Promise<EntriesPage> {
  const path = new URL(`/api/entries?${new URLSearchParams(query).toString()}`, url);
  const response = await fetch(path, { headers: { authorization: `Bearer ${token}` } });
  const body: unknown = await response.json();
  if (response.ok) return entriesPageSchema.parse(body);
  const { code, message } = refusalSchema.parse(body).error;
  throw new RuntimeError(code, message);
}

interface Exported {
  readonly threadId: string;
  readonly entries: readonly ThreadEntry[];
  readonly release: string;
  readonly redact: Redact;
}

async function headerOf(
  client: Client,
  { threadId, entries, release, redact }: Exported,
): Promise<Recording['header']> {
  const [{ snapshot }, { providers }] = await Promise.all([
    client.call('orchestration.getThreadProjection', { threadId, limit: 1 }),
    client.call('providers.list', {}),
  ]);
  const { thread } = snapshot;
  const instance = providers.find((each) => each.instanceId === thread.instanceId);
  const at = entries.find(({ stream }) => stream === threadId)?.at ?? Date.now();
  return recordingHeader({ thread, instance, release, redact, at });
}

/** @throws {RuntimeError} INVALID_PARAMS when there is such a file, or it cannot be written */
function writeNew(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    const why = isThere ? 'exists; an export overwrites nothing' : `cannot be written: ${String(cause)}`;
    throw new RuntimeError('INVALID_PARAMS', `${file} ${why}`, { cause });
  }
}
