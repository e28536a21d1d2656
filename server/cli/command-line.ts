/** A command line that a person can paste. */
import type { ClientFlags } from './connection.ts';

const SAFE = /^[\w./:@%+=-]+$/;

/** For a POSIX shell. */
const quoted = (word: string): string => (SAFE.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** With the flags that lead to the same server; a token is never shown. */
export function commandLine(
  words: readonly string[],
  { data, url }: Pick<ClientFlags, 'data' | 'url'>,
): string {
  const place = [
    ...(data === undefined ? [] : ['--data', data]),
    ...(url === undefined ? [] : ['--url', url]),
  ];
  return ['threadchart', ...words, ...place].map(quoted).join(' ');
}
