import { posix } from 'node:path';
import { readModuleSyntax } from './module-syntax.ts';

/** A module as the rules see it: its path from the repository's root, with `/`, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** The rules for the modules of one place. The first entry of `RULES` that matches a path is the one. */
interface PlaceRule {
  readonly place: RegExp;
  /** Where its relative imports may lead; `$1` is what the place's first group matched. */
  readonly local: readonly string[];
  readonly isPackageAllowed: (name: string) => boolean;
  readonly isPure?: boolean;
}

const onlyPackages =
  (...names: readonly string[]) =>
  (name: string): boolean =>
    names.includes(name);
const anyPackage = (): boolean => true;
const anyPackageButXstate = (name: string): boolean => name !== 'xstate' && !name.startsWith('@xstate/');

const ADAPTER_REACH = ['machines/domain/', 'machines/ports/', 'adapters/shared/'];

const RULES: readonly PlaceRule[] = [
  {
    place: /^machines\/domain\//,
    local: ['machines/domain/'],
    isPackageAllowed: onlyPackages('zod'),
    isPure: true,
  },
  {
    place: /^machines\/ports\//,
    local: ['machines/domain/', 'machines/ports/'],
    isPackageAllowed: onlyPackages('zod'),
    isPure: true,
  },
  {
    place: /^machines\/[^/]+$/,
    local: ['machines/'],
    isPackageAllowed: onlyPackages('xstate', 'zod'),
    isPure: true,
  },
  { place: /^adapters\/shared\//, local: ADAPTER_REACH, isPackageAllowed: anyPackageButXstate },
  {
    place: /^adapters\/([^/]+)\//,
    local: [...ADAPTER_REACH, 'adapters/$1/'],
    isPackageAllowed: anyPackageButXstate,
  },
  {
    place: /^server\/main\.ts$/,
    local: ['machines/', 'adapters/', 'server/'],
    isPackageAllowed: anyPackage,
  },
  { place: /^server\//, local: ['machines/', 'server/'], isPackageAllowed: anyPackage },
  { place: /^test\//, local: [''], isPackageAllowed: anyPackage },
];

const IMPURE_VALUES = [
  'Date',
  'Math.random',
  'clearInterval',
  'clearTimeout',
  'console',
  'crypto',
  'fetch',
  'globalThis',
  'performance',
  'process',
  'queueMicrotask',
  'require',
  'setImmediate',
  'setInterval',
  'setTimeout',
];

const ALLOWED_TOP_LEVEL = new Set([
  'machines',
  'adapters',
  'server',
  'test',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.types.json',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
]);

/** The doors of the adapters, and of the package. */
const MAY_RE_EXPORT = /^(adapters\/[^/]+\/index|test\/testkit)\.ts$/;

/** Says what is wrong with one module's imports, one line each, starting with its path; none means fine. */
export function checkModule({ path, text }: SourceFile): string[] {
  const rule = RULES.find((each) => each.place.test(path));
  if (rule === undefined) return [`${path}: belongs to no folder that the architecture knows`];
  const syntax = readModuleSyntax(path, text);
  const isTest = path.startsWith('test/');
  const found = syntax.specifiers.flatMap((specifier) => checkSpecifier(specifier, path, rule));
  if (syntax.hasComputedImport && !isTest) found.push('imports a computed path, which nobody can check');
  if (syntax.isBarrel && !MAY_RE_EXPORT.test(path)) found.push('only re-exports (a barrel)');
  if (rule.isPure === true) {
    found.push(...IMPURE_VALUES.filter((each) => syntax.values.has(each)).map((each) => `uses ${each}`));
  }
  return found.map((each) => `${path}: ${each}`);
}

function checkSpecifier(specifier: string, path: string, rule: PlaceRule): string[] {
  if (specifier.startsWith('/') || specifier.startsWith('#')) return [`imports ${specifier}`];
  if (!specifier.startsWith('.')) {
    return rule.isPackageAllowed(packageOf(specifier)) ? [] : [`imports the package ${specifier}`];
  }
  const target = posix.join(posix.dirname(path), specifier);
  const own = rule.place.exec(path)?.[1] ?? '';
  const isAllowed = rule.local.some((each) => target.startsWith(each.replace('$1', own)));
  return isAllowed ? [] : [`imports ${target}`];
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Names the top-level entries among `paths` that the repository must not have. Dot files are free. */
export function unexpectedTopLevel(paths: readonly string[]): string[] {
  const entries = new Set(paths.map((path) => path.split('/', 1)[0] ?? path));
  return [...entries].filter((entry) => !entry.startsWith('.') && !ALLOWED_TOP_LEVEL.has(entry));
}
