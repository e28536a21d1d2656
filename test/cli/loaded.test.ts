import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Loads all that a server has loaded when it is ready; `--version` ends the program that `main.ts` runs. */
const PROGRAM = `
  import { registerHooks } from 'node:module';
  const urls = [];
  registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) });
  process.argv.push('threadchart', '--version');
  await import('./server/main.ts');
  await import('./server/cli/serve-command.ts');
  console.log(JSON.stringify({ urls, builtins: process.moduleLoadList }));
`;

/** Of a process that loads all of it anew, on a machine that is busy. */
const TIMEOUT_MS = 60_000;

interface Loaded {
  readonly urls: readonly string[];
  readonly builtins: readonly string[];
}

it(
  'loads neither what fetches in node nor the protocol of /mcp before anybody asks for it',
  { timeout: TIMEOUT_MS },
  () => {
    const args = ['--input-type=module', '--eval', PROGRAM];
    const said = execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
    const { urls, builtins } = JSON.parse(said.trim().split('\n').at(-1) ?? '') as Loaded;
    expect(urls.filter((url) => url.endsWith('/server/mcp/door.ts'))).toHaveLength(1);
    expect(urls.filter((url) => url.includes('/@modelcontextprotocol/'))).toEqual([]);
    expect(builtins).toContain('NativeModule http');
    expect(builtins.filter((name) => name.includes('undici'))).toEqual([]);
  },
);
