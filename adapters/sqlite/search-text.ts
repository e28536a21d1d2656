import type { ThreadRow } from '../../machines/domain/snapshot.ts';

/** Small letters of every script: SQLite's own comparison ignores case in ASCII only. */
export const foldCase = (text: string): string => text.normalize('NFC').toLowerCase();

/** What a search of the thread list looks into; the line breaks keep a match inside one field. */
export const searchTextOf = ({ title, cwd, preview }: ThreadRow): string =>
  foldCase([title, cwd, preview].join('\n'));
