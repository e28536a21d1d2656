/** What users run: the compiled server in `dist/`, built anew where it is missing or older than its sources. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const BUILD = join(ROOT, 'test', 'build.ts');
/** What the build reads. */
const SOURCES = ['machines', 'adapters', 'server', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];

export const BUILT_SERVER = join(ROOT, 'dist', 'server', 'bin.js');

/** @returns what was done, to be said beside the figures */
export function buildServer(): string {
  const why = staleness();
  if (why === null) return 'the built server is that of dist/, which is newer than the sources';
  execFileSync(process.execPath, [BUILD], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  return `the built server was compiled into dist/ for this run: ${why}`;
}

/** `null`: there is nothing to build. */
function staleness(): string | null {
  if (!existsSync(BUILT_SERVER)) return 'there was none';
  const builtAt = statSync(BUILT_SERVER).mtimeMs;
  const newer = SOURCES.flatMap(filesIn).find((path) => statSync(path).mtimeMs > builtAt);
  return newer === undefined ? null : `${newer} had changed since`;
}

function filesIn(name: string): string[] {
  const path = join(ROOT, name);
  if (!statSync(path).isDirectory()) return [path];
  const all = readdirSync(path, { recursive: true, withFileTypes: true });
  return all.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
}
