/**
 * `npm run build`: what the package holds, in `dist/`: JavaScript, declarations of the client and the testkit, and the data
 * beside them.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setup as buildConsole } from './build-console.ts';

const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');
/** Bundled. */
const CONSOLE = join(ROOT, 'server', 'console');
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

/** Such as recordings and pages; sources are compiled, and pages about them stay in the repository. */
const isData = (path: string): boolean =>
  path !== CONSOLE && (statSync(path).isDirectory() || !/\.(ts|md)$/.test(path));

rmSync(DIST, { recursive: true, force: true });
for (const project of ['tsconfig.build.json', 'tsconfig.types.json']) {
  execFileSync(process.execPath, [TSC, '-p', project], { cwd: ROOT, stdio: 'inherit' });
}
for (const folder of ['machines', 'adapters', 'server', 'test/fixtures/tiny-agent']) {
  cpSync(join(ROOT, folder), join(DIST, folder), { recursive: true, filter: isData });
}
await buildConsole();
