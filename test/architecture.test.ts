import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkModule, unexpectedTopLevel } from './helpers/import-rules.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const GUARDED_FOLDERS = ['machines', 'adapters', 'server', 'test'];
const MODULE_NAME = /\.[cm]?[jt]sx?$/;

/** Tracked files and new ones that are not ignored: a violation is found before it is committed. */
function listFiles(): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).split('\0');
  return listed.filter((path) => path !== '' && existsSync(`${ROOT}/${path}`));
}

const folderOf = (path: string): string => dirname(path).split('/').slice(0, 2).join('/');

function check(path: string, text: string): string[] {
  return checkModule({ path, text }).map((line) => line.slice(path.length + 2));
}

describe('the repository', () => {
  const files = listFiles();
  const modules = files.filter((path) => MODULE_NAME.test(path));

  it('has the known top-level entries only', () => {
    expect(unexpectedTopLevel(files)).toEqual([]);
  });

  it('shows its modules to this test, in every guarded folder that exists', () => {
    expect(modules).toContain('test/architecture.test.ts');
    for (const folder of GUARDED_FOLDERS.filter((each) =>
      files.some((path) => path.startsWith(`${each}/`)),
    )) {
      expect.soft(modules.filter((path) => path.startsWith(`${folder}/`)).length, folder).toBeGreaterThan(0);
    }
  });

  // a test for each folder: all at once take seconds to parse
  it.each([...Map.groupBy(modules, folderOf)])('imports in the allowed directions only: %s', (_, paths) => {
    const found = paths.flatMap((path) =>
      checkModule({ path, text: readFileSync(`${ROOT}/${path}`, 'utf8') }),
    );
    expect(found).toEqual([]);
  });
});

describe('the import rules', () => {
  it.each([
    ['static', `import { a } from './b.ts';`],
    ['for side effects', `import './b.ts';`],
    ['type-only', `import type { A } from './b.ts';`],
    ['with an inline type', `import { type A } from './b.ts';`],
    ['of a namespace', `import * as b from './b.ts';`],
    ['dynamic', `const b = await import('./b.ts');`],
    ['dynamic with a template', 'const b = await import(`./b.ts`);'],
    ['inside a function', `export function load() { return import('./b.ts'); }`],
    ['in a type', `export type A = import('./b.ts').A;`],
    ['in a type query', `export type A = typeof import('./b.ts');`],
    ['in a generic argument', `export const a = new Map<string, import('./b.ts').A>();`],
    ['re-exported', `export { a } from './b.ts';`],
    ['re-exported as a whole', `export * from './b.ts';`],
    ['re-exported as a type', `export type { A } from './b.ts';`],
    ['assigned', `import b = require('./b.ts');`],
    ['over several lines', `import {\n  a,\n} from\n  './b.ts';`],
  ])('see an import %s', (_form, source) => {
    const text = source.replace('./b.ts', '../server/config.ts');
    expect(check('machines/thread.machine.ts', text)).toContain('imports server/config.ts');
    expect(check('adapters/codex/launch.ts', source.replace('./b.ts', 'xstate'))).toContain(
      'imports the package xstate',
    );
  });

  it.each([
    ['machines/domain/route.ts', 'xstate', 'imports the package xstate'],
    ['machines/domain/route.ts', 'node:crypto', 'imports the package node:crypto'],
    ['machines/domain/route.ts', 'crypto', 'imports the package crypto'],
    ['machines/domain/route.ts', '../ports/journal.ts', 'imports machines/ports/journal.ts'],
    ['machines/domain/route.ts', '../step.ts', 'imports machines/step.ts'],
    ['machines/ports/journal.ts', 'xstate', 'imports the package xstate'],
    ['machines/ports/journal.ts', '../thread.machine.ts', 'imports machines/thread.machine.ts'],
    ['machines/thread.machine.ts', '@xstate/store', 'imports the package @xstate/store'],
    ['machines/thread.machine.ts', 'node:fs', 'imports the package node:fs'],
    ['machines/thread.machine.ts', 'ws', 'imports the package ws'],
    ['machines/thread.machine.ts', '../adapters/codex/wire.gen.ts', 'imports adapters/codex/wire.gen.ts'],
    ['machines/step.ts', '../server/runtime/tick.ts', 'imports server/runtime/tick.ts'],
    ['machines/step.ts', '../test/helpers/until.ts', 'imports test/helpers/until.ts'],
    ['machines/step.ts', '../machines-of-others/a.ts', 'imports machines-of-others/a.ts'],
    ['adapters/codex/launch.ts', 'xstate/actors', 'imports the package xstate/actors'],
    ['adapters/codex/launch.ts', '@xstate/store', 'imports the package @xstate/store'],
    ['adapters/codex/launch.ts', '../../machines/thread.machine.ts', 'imports machines/thread.machine.ts'],
    ['adapters/codex/launch.ts', '../../machines/step.ts', 'imports machines/step.ts'],
    ['adapters/codex/launch.ts', '../../server/config.ts', 'imports server/config.ts'],
    ['adapters/codex/launch.ts', '../../test/helpers/until.ts', 'imports test/helpers/until.ts'],
    ['adapters/codex/launch.ts', '../claude/wire.gen.ts', 'imports adapters/claude/wire.gen.ts'],
    ['adapters/codex/launch.ts', '../codex-next/launch.ts', 'imports adapters/codex-next/launch.ts'],
    ['adapters/shared/ndjson.ts', '../codex/launch.ts', 'imports adapters/codex/launch.ts'],
    ['server/runtime/tick.ts', '../../adapters/codex/index.ts', 'imports adapters/codex/index.ts'],
    ['server/runtime/tick.ts', '../../adapters/shared/ndjson.ts', 'imports adapters/shared/ndjson.ts'],
    ['server/runtime/main.ts', '../../adapters/codex/index.ts', 'imports adapters/codex/index.ts'],
    ['server/main.ts', '../test/helpers/until.ts', 'imports test/helpers/until.ts'],
    ['server/config.ts', '/etc/config.ts', 'imports /etc/config.ts'],
    ['server/config.ts', '#adapters/codex', 'imports #adapters/codex'],
  ])('refuse in %s an import of %s', (path, specifier, expected) => {
    expect(check(path, `import type { A } from '${specifier}';`)).toEqual([expected]);
  });

  it.each([
    ['machines/domain/route.ts', ['zod', 'zod/mini', './input.ts']],
    ['machines/ports/journal.ts', ['zod', './provider.ts', '../domain/fact.ts']],
    ['machines/thread.machine.ts', ['xstate', 'zod', './turn.machine.ts', './ports/journal.ts']],
    ['machines/step.ts', ['xstate', './thread.machine.ts', './domain/input.ts']],
    ['adapters/shared/ndjson.ts', ['node:stream', './json-rpc.ts', '../../machines/domain/error.ts']],
    ['adapters/codex/launch.ts', ['node:path', 'zod', './requests.ts', '../shared/ndjson.ts']],
    ['adapters/codex/launch.ts', ['../../machines/ports/provider.ts', '../../machines/domain/ids.ts']],
    ['server/runtime/tick.ts', ['xstate', 'node:fs', '../config.ts', '../../machines/thread.machine.ts']],
    ['server/main.ts', ['../adapters/codex/index.ts', './config.ts', 'commander']],
    ['test/replay/codex.replay.test.ts', ['../../adapters/codex/translate.ts', 'vitest', 'xstate/graph']],
  ])('allow in %s the imports %j', (path, specifiers) => {
    expect(check(path, specifiers.map((each) => `import '${each}';`).join('\n'))).toEqual([]);
  });

  it('refuse a module outside the folders they know', () => {
    const unknown = 'belongs to no folder that the architecture knows';
    expect(check('machines/util/text.ts', '')).toEqual([unknown]);
    expect(check('adapters/registry.ts', '')).toEqual([unknown]);
    expect(check('lib/text.ts', '')).toEqual([unknown]);
  });

  it('refuse a computed import outside test/', () => {
    const text = 'const name = `codex`; await import(`../adapters/${name}/index.ts`);';
    expect(check('server/config.ts', text)).toEqual(['imports a computed path, which nobody can check']);
    expect(check('test/a.test.ts', text)).toEqual([]);
  });

  it.each([
    ['Date', 'export const now = Date.now();'],
    ['Date', 'export const now = new Date();'],
    ['Date', 'const clock = { Date }; export const now = clock;'],
    ['Math.random', 'export const id = Math.random();'],
    ['Math.random', `export const id = Math['random']();`],
    ['setTimeout', 'setTimeout(() => undefined, 1);'],
    ['setInterval', 'export const arm = (setInterval as unknown) as () => void;'],
    ['crypto', 'export const id = crypto.randomUUID();'],
    ['process', 'export const pid = process.pid;'],
    ['console', `console.log('x');`],
    ['globalThis', `export const d = globalThis['Da' + 'te'];`],
  ])('refuse %s in machines: %s', (name, text) => {
    for (const path of ['machines/domain/evolve.ts', 'machines/ports/journal.ts', 'machines/step.ts']) {
      expect(check(path, text)).toEqual([`uses ${name}`]);
    }
    expect(check('server/runtime/tick.ts', text)).toEqual([]);
  });

  it('take no comment, text, type or property name for an import or a use', () => {
    const text = `
      // import { x } from 'node:fs'; Date.now()
      /** import('ws') */
      export const text = "import 'ws'; process.exit()";
      export type Clock = { readonly process: string; readonly at: Date; readonly now: typeof Date.now };
      export const effect = { process: 'codex', crypto: 1 };
      export const pid = effect.process;
      export const floor = Math.floor(1.5);
    `;
    expect(check('machines/domain/input.ts', text)).toEqual([]);
  });

  it('refuse a barrel anywhere but in an adapter folder', () => {
    const barrels = [
      `export * from './a.ts';`,
      `export { a } from './a.ts';\nexport type { B } from './b.ts';`,
      `import { a } from './a.ts';\nexport { a };`,
    ];
    for (const text of barrels) {
      expect(check('machines/domain/index.ts', text)).toEqual(['only re-exports (a barrel)']);
      expect(check('adapters/codex/wire.ts', text)).toEqual(['only re-exports (a barrel)']);
      expect(check('test/helpers/all.ts', text)).toEqual(['only re-exports (a barrel)']);
      expect(check('adapters/codex/index.ts', text)).toEqual([]);
    }
    const facade = `import { a } from './a.ts';\nexport { a } from './a.ts';\nexport const b = a;`;
    expect(check('server/runtime/threads.ts', facade)).toEqual([]);
  });

  it('name unknown top-level entries and leave dot files alone', () => {
    const paths = [
      'machines/a.ts',
      '.ci/run',
      '.npmrc',
      'README.md',
      'vitest.config.ts',
      'src/a.ts',
      'docs/b.md',
    ];
    expect(unexpectedTopLevel(paths)).toEqual(['vitest.config.ts', 'src', 'docs']);
  });
});
