/** `threadchart diff`: what a turn or a whole thread changed in its workspace. */
import type { TurnId } from '../../machines/domain/ids.ts';
import type { Client } from '../client/client.ts';
import type { ResultOf } from '../gateway/protocol.ts';
import { withClient, type ClientFlags } from './connection.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { turnIdOf } from './given-ids.ts';
import type { Terminal } from './terminal.ts';

export interface DiffFlags extends ClientFlags {
  readonly turn?: string;
  /** Without the text. */
  readonly stat?: boolean;
}

type Diff = ResultOf<'orchestration.getTurnDiff'>;

export function diffCommand(
  { threadId, path }: { readonly threadId: string; readonly path: string | undefined },
  flags: DiffFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  return withClient(flags, async (client) => {
    const turnId = flags.turn === undefined ? null : turnIdOf(flags.turn);
    const text = flags.stat !== true;
    const query = { threadId, text, ...(path !== undefined && { path }) };
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await pageOf(client, { ...query, ...(cursor !== undefined && { cursor }) }, turnId);
      if (cursor === undefined) tellState(page, terminal);
      show(page, text, terminal);
      cursor = page.next;
    }
    return EXIT_CODES.ok;
  });
}

interface Query {
  readonly threadId: string;
  readonly text: boolean;
  readonly path?: string;
  readonly cursor?: string;
}

const pageOf = (client: Client, query: Query, turnId: TurnId | null): Promise<Diff> =>
  turnId === null
    ? client.call('orchestration.getThreadDiff', query)
    : client.call('orchestration.getTurnDiff', { ...query, turnId });

function tellState({ status, reason, fileCount }: Diff, terminal: Terminal): void {
  if (status === 'capturing') terminal.note('the files are still being captured');
  else if (status !== 'captured') terminal.note(`the files are not captured: ${reason ?? status}`);
  else if (fileCount === 0) terminal.note('no file was changed');
}

function show(page: Diff, text: boolean, terminal: Terminal): void {
  if (terminal.isJson) return terminal.print('', page);
  if (text && page.diff !== null && page.diff !== '') terminal.print(page.diff.trimEnd(), page);
  else {
    for (const { path, kind, oldPath, additions, deletions } of page.files) {
      const counts = additions === null ? '' : ` +${additions} -${deletions ?? 0}`;
      const from = oldPath === undefined ? '' : ` (was ${oldPath})`;
      terminal.print(`${kind.padEnd(8)} ${path}${from}${counts}`, page);
    }
  }
  if (page.truncated) terminal.note('the diff is cut here; name a file to see the rest');
}
