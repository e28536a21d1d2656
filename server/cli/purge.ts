/** `threadchart purge`: the text of deleted threads is taken away for ever, through the running server or without one. */
import { RuntimeError } from '../../machines/domain/error.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { CliParts } from '../cli.ts';
import type { Client } from '../client/client.ts';
import type { ConfigFlags } from '../config.ts';
import { removeAttachment } from '../http/attachments.ts';
import { historyOf } from '../serve.ts';
import { purgeNow } from '../runtime/purge.ts';
import { withClient, type ClientFlags } from './connection.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { threadIdOf } from './given-ids.ts';
import { withOwnStore } from './own-store.ts';
import type { Terminal } from './terminal.ts';

const DAY_MS = 86_400_000;
/** As many as one call of the server takes. */
const PAGE_COUNT = 200;

export interface PurgeFlags extends ClientFlags, Pick<ConfigFlags, 'config'> {
  /** All deleted threads. */
  readonly deleted?: boolean;
  /** Of these, those that were deleted so many days ago. */
  readonly olderThan?: number;
}

type Parts = Pick<CliParts, 'adapters'> & { readonly terminal: Terminal };
type Which = { readonly threadIds: ThreadId[] } | { readonly deletedBefore: number };

export async function purgeCommand(
  threads: readonly string[],
  flags: PurgeFlags,
  { adapters, terminal }: Parts,
): Promise<ExitCode> {
  const which = parse(threads, flags);
  const purged = await purge(which, flags, { adapters, terminal });
  for (const threadId of purged) terminal.print(`purged ${threadId}`, { threadId });
  if (purged.length === 0) terminal.note('there is nothing to purge');
  return EXIT_CODES.ok;
}

/** @throws {RuntimeError} INVALID_PARAMS */
function parse(threads: readonly string[], { deleted = false, olderThan }: PurgeFlags): Which {
  if (deleted === threads.length > 0) {
    throw new RuntimeError('INVALID_PARAMS', 'name the threads, or give --deleted for all that are deleted');
  }
  if (!deleted && olderThan !== undefined) {
    throw new RuntimeError('INVALID_PARAMS', '--older-than goes with --deleted');
  }
  if (deleted) return { deletedBefore: Date.now() + 1 - (olderThan ?? 0) * DAY_MS };
  return { threadIds: threads.map(threadIdOf) };
}

async function purge(which: Which, flags: PurgeFlags, parts: Parts): Promise<readonly ThreadId[]> {
  const throughServer = (): Promise<ThreadId[]> => withClient(flags, (client) => purgeThrough(client, which));
  if (flags.url !== undefined) return throughServer();
  try {
    return await purgeAlone(which, flags, parts);
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code !== 'STORE_LOCKED') throw error;
    return throughServer();
  }
}

async function purgeThrough(client: Client, which: Which): Promise<ThreadId[]> {
  const all: ThreadId[] = [];
  const calls = 'threadIds' in which ? pagesOf(which.threadIds).map((threadIds) => ({ threadIds })) : null;
  for (const params of calls ?? []) all.push(...(await client.call('store.purge', params)).purged);
  for (let isMore = calls === null; isMore;) {
    const { purged } = await client.call('store.purge', which);
    all.push(...purged);
    isMore = purged.length > 0;
  }
  return all;
}

const pagesOf = (ids: readonly ThreadId[]): ThreadId[][] =>
  Array.from({ length: Math.ceil(ids.length / PAGE_COUNT) }, (_, page) =>
    ids.slice(page * PAGE_COUNT, (page + 1) * PAGE_COUNT),
  );

async function purgeAlone(which: Which, flags: PurgeFlags, parts: Parts): Promise<readonly ThreadId[]> {
  const { threadIds, captured, history } = withOwnStore(flags, parts, (journal, { data }) => {
    const threadIds =
      'threadIds' in which
        ? which.threadIds
        : journal.deletedThreads(which.deletedBefore, Number.MAX_SAFE_INTEGER);
    const roots = threadIds.flatMap((threadId) =>
      journal.checkpointRoots(threadId).map((root) => ({ threadId, root })),
    );
    purgeNow(journal, threadIds, (id) => removeAttachment(data, id));
    return { threadIds, captured: roots, ...historyOf({ data }, parts.adapters) };
  });
  for (const { threadId, root } of captured) await history?.forget(root, threadId);
  return threadIds;
}
