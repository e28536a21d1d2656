#!/usr/bin/env node
/** What comes before anything is loaded: the release of Node, the compile cache, memory, a warning that helps nobody. */
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

const OLDEST = [22, 18] as const;
/** Everything is loaded by then. */
const LOADED_MS = 5_000;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(
    `threadchart: needs Node ${OLDEST.join('.')} or newer, and this is ${process.versions.node}\n`,
  );
  process.exit(1);
}

// not in the temporary folder, which other users can write to: what is cached is code
const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
module.enableCompileCache(join(cache, 'threadchart'));

// what loading throws away would make the young generation grow for good: 10 MiB of an idle server
setFlagsFromString('--semi-space-growth-factor=1');
setTimeout(() => setFlagsFromString('--semi-space-growth-factor=2'), LOADED_MS).unref();

const emitWarning = process.emitWarning.bind(process);
process.emitWarning = (warning: string | Error, ...rest: never[]): void => {
  if (!String(warning).startsWith('SQLite is an experimental feature')) emitWarning(warning, ...rest);
};

await import('./main.ts');
