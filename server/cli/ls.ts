/** `threadchart ls`: the threads of a server, the latest change first. */
import { stripVTControlCharacters } from 'node:util';
import type { Status } from '../../machines/domain/fact.ts';
import type { ThreadRow } from '../../machines/domain/snapshot.ts';
import type { Client } from '../client/client.ts';
import { PAGES } from '../gateway/protocol.ts';
import { withClient, type ClientFlags } from './connection.ts';
import { durationOf } from './durations.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Style, Terminal } from './terminal.ts';

export interface LsFlags extends ClientFlags {
  readonly status?: Status;
  readonly archived?: boolean;
  readonly query?: string;
  /** Sub-agents as well, below the threads that have begun them; else only those that ask something. */
  readonly all?: boolean;
}

const STYLES: Readonly<Record<Status, Style>> = {
  starting: 'cyan',
  running: 'cyan',
  ready: 'green',
  interrupted: 'yellow',
  stopped: 'dim',
  error: 'red',
};
const HEAD = ['ID', 'STATUS', 'ASKS', 'INSTANCE', 'CHANGED', 'TITLE'];
const STATUS_COLUMN = 1;

export function lsCommand(flags: LsFlags, terminal: Terminal): Promise<ExitCode> {
  return withClient(flags, async (client) => {
    const now = Date.now();
    const rows = listed(await allRows(client, flags), flags.all === true);
    if (terminal.isJson) for (const { depth: _, ...row } of rows) terminal.print('', row);
    else if (rows.length > 0) printTable(rows, now, terminal);
    else terminal.note('no threads');
    return EXIT_CODES.ok;
  });
}

async function allRows(client: Client, { status, archived = false, query }: LsFlags): Promise<ThreadRow[]> {
  const wanted = {
    archived,
    ...(status === undefined ? {} : { status }),
    ...(query === undefined ? {} : { query }),
    limit: PAGES.mostCount,
  };
  const rows: ThreadRow[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { threads: ThreadRow[]; next: string | null } = await client.call(
      'orchestration.listThreads',
      {
        ...wanted,
        ...(cursor === '' ? {} : { cursor }),
      },
    );
    rows.push(...page.threads);
    cursor = page.next;
  }
  return rows;
}

const isOfPerson = ({ lineageKind, openRequestCount }: ThreadRow): boolean =>
  lineageKind !== 'subagent' || openRequestCount > 0;

/** A row and how deep it stands below others. */
export type Nested = ThreadRow & { readonly depth: number };

/** Sub-agents stand below the thread that has begun them, where that is listed, too. */
export function listed(found: readonly ThreadRow[], all: boolean): Nested[] {
  const rows = all ? found : found.filter(isOfPerson);
  const ids = new Set(rows.map(({ id }) => id));
  const isBelow = ({ lineageKind, parentId }: ThreadRow): boolean =>
    lineageKind === 'subagent' && parentId !== null && ids.has(parentId);
  const below = Map.groupBy(rows.filter(isBelow), ({ parentId }) => parentId);
  const withAll = (row: ThreadRow, depth: number): Nested[] => [
    { ...row, depth },
    ...(below.get(row.id) ?? []).flatMap((each) => withAll(each, depth + 1)),
  ];
  return rows.filter((row) => !isBelow(row)).flatMap((row) => withAll(row, 0));
}

function printTable(rows: readonly Nested[], now: number, terminal: Terminal): void {
  const cells = [HEAD, ...rows.map((row) => cellsOf(row, now))];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  cells.forEach((line, index) => {
    const row = rows[index - 1];
    const padded = line.map((cell, column) =>
      column === HEAD.length - 1 ? cell : cell.padEnd(widths[column] ?? 0),
    );
    const fitted = fit(padded, terminal.columns);
    const styled = fitted.map((cell, column) => {
      if (row === undefined) return terminal.style('bold', cell);
      return column === STATUS_COLUMN ? terminal.style(STYLES[row.status], cell) : cell;
    });
    terminal.print(styled.join('  ').trimEnd(), row);
  });
}

function cellsOf(row: Nested, now: number): string[] {
  const { depth, id, status, openRequestCount, instanceId, updatedAt, title, preview } = row;
  const asks = openRequestCount === 0 ? '' : String(openRequestCount);
  const age = `${durationOf(Math.max(0, now - updatedAt))} ago`;
  // what a provider wrote must not move the cursor
  const text = stripVTControlCharacters(title || preview || '(no prompt yet)').replaceAll(/\s+/g, ' ');
  return [id, status, asks, instanceId, age, depth === 0 ? text : `${'  '.repeat(depth - 1)}└ ${text}`];
}

/** Only the last column gives way. */
function fit(cells: readonly string[], columns: number | null): readonly string[] {
  if (columns === null) return cells;
  const used = cells.slice(0, -1).reduce((sum, cell) => sum + cell.length + 2, 0);
  const room = Math.max(10, columns - used);
  const last = cells.at(-1) ?? '';
  return [...cells.slice(0, -1), last.length > room ? `${last.slice(0, room - 1)}…` : last];
}
