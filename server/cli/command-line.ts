/** A command line that a person can paste. */
import type { ClientFlags } from './connection.ts';

const SAFE = /^[\w./:@%+=-]+$/;

/** For a POSIX shell. */
const quoted = (word: string): string => (SAFE.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** As this program was called: from its own folder, by npx, or installed. */
function programOf({ npm_lifecycle_event: script, npm_command: command }: NodeJS.ProcessEnv): string {
  if (script === 'threadchart') return 'npm run -s threadchart --';
  return command === 'exec' ? 'npx threadchart' : 'threadchart';
}

/** With the flags that lead to the same server; a token is never shown. */
export function commandLine(
  words: readonly string[],
  { data, url }: Pick<ClientFlags, 'data' | 'url'>,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const place = [
    ...(data === undefined ? [] : ['--data', data]),
    ...(url === undefined ? [] : ['--url', url]),
  ];
  return [programOf(env), ...[...words, ...place].map(quoted)].join(' ');
}
