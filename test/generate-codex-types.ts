import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { codexBinary } from './agents/agents.ts';

const TARGET = join(import.meta.dirname, '..', 'adapters', 'codex', 'wire.gen.ts');
const CACHE = join(homedir(), '.cache', 'threadchart-test');

/** What a thread runtime asks of codex; all notifications and requests of codex itself are taken as they are. */
const CLIENT_METHODS = [
  'initialize',
  'thread/start',
  'thread/resume',
  'thread/fork',
  'thread/read',
  'thread/turns/list',
  'thread/items/list',
  'thread/settings/update',
  'thread/unsubscribe',
  'thread/list',
  'thread/unarchive',
  'thread/compact/start',
  'thread/backgroundTerminals/clean',
  'thread/backgroundTerminals/list',
  'thread/backgroundTerminals/terminate',
  'turn/start',
  'turn/steer',
  'turn/interrupt',
  'model/list',
  'account/read',
  'account/rateLimits/read',
  'skills/list',
] as const;

const IMPORT = /^import type \{ (\w+) \} from "(.+)";$/gm;
const NAME = /^export type (\w+)/m;
const VARIANT =
  /\{ "method": "([^"]+)",(?: id: RequestId,)? "?params"?\??: (\w+(?: \| (?:null|undefined))*),? \}/g;

const run = promisify(execFile);

/** One generated file: one type and what it needs. */
interface TypeFile {
  readonly path: string;
  readonly name: string;
  /** The declaration with its comment. */
  readonly body: string;
  /** Name in the body → file that declares it. */
  readonly imports: ReadonlyMap<string, string>;
}

/** A method and its parameters' type: a name, perhaps with `null` or `undefined`. */
type Variant = readonly [method: string, params: string];

/**
 * Makes the text of `wire.gen.ts` from the installed codex: its own generated types, as far as they can be reached from
 * what the adapter uses, in one file.
 * @throws {Error} when codex is not installed, or its output is not what this script knows
 */
export async function generateCodexTypes(): Promise<string> {
  const binary = codexBinary();
  if (binary === null) throw new Error('codex is not installed: run npm ci --prefix test/agents');
  await mkdir(CACHE, { recursive: true });
  const home = await mkdtemp(join(CACHE, 'types-'));
  try {
    const options = { env: { HOME: home, CODEX_HOME: home } };
    const { stdout } = await run(binary, ['--version'], options);
    const version = /(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1];
    if (version === undefined) throw new Error(`codex does not tell its version: ${stdout}`);
    const out = join(home, 'types');
    await run(binary, ['app-server', 'generate-ts', '--experimental', '--out', out], options);
    return await condense(out, version);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function condense(root: string, version: string): Promise<string> {
  const files = new TypeFiles(root);
  const asked = await variantsOf(files, 'ClientRequest.ts', (method) =>
    CLIENT_METHODS.some((each) => each === method),
  );
  if (asked.length !== CLIENT_METHODS.length)
    throw new Error('codex no longer knows all of the client methods');
  const requested = await variantsOf(files, 'ServerRequest.ts');
  const notified = await variantsOf(files, 'ServerNotification.ts');
  await files.reach(['ServerNotification.ts', 'ServerRequest.ts', 'RequestId.ts']);
  for (const [, params] of [...asked, ...requested])
    await files.reachNames([nameOf(params), responseOf(params)]);
  return [
    header(version),
    requestMap('ClientRequests', 'What the client asks of codex.', asked),
    requestMap('ServerRequests', 'What codex asks of the client; each must be answered.', requested),
    methodList('SERVER_REQUEST_METHODS', requested),
    methodList('SERVER_NOTIFICATION_METHODS', notified),
    ...files.declarations(),
    '',
  ].join('\n\n');
}

/** The generated files that are reached so far. */
class TypeFiles {
  readonly #root: string;
  readonly #reached = new Map<string, TypeFile>();

  constructor(root: string) {
    this.#root = root;
  }

  async read(path: string): Promise<TypeFile> {
    const text = await readFile(join(this.#root, path), 'utf8');
    const name = NAME.exec(text)?.[1];
    if (name === undefined) throw new Error(`${path} declares no type`);
    const imports = [...text.matchAll(IMPORT)].map(([, imported = '', from = '']): [string, string] => [
      imported,
      normalize(join(dirname(path), `${from}.ts`)),
    ]);
    const body = text
      .replaceAll(IMPORT, '')
      .replaceAll(/^\/\/ .*$/gm, '')
      .trim();
    return { path, name, body, imports: new Map(imports) };
  }

  async reach(paths: Iterable<string>): Promise<void> {
    for (const path of paths) {
      if (this.#reached.has(path)) continue;
      const file = await this.read(path);
      this.#reached.set(path, file);
      await this.reach(file.imports.values());
    }
  }

  /** Reaches types by name: of protocol v2 where it has them, else of its root. */
  async reachNames(names: readonly string[]): Promise<void> {
    for (const name of names) await this.reach([`v2/${name}.ts`]).catch(() => this.reach([`${name}.ts`]));
  }

  /** All that was reached, sorted by name, each name declared once. */
  declarations(): string[] {
    const declared = new Map<string, string>();
    for (const file of this.#reached.values()) {
      if (this.#isRepeated(file)) continue;
      const text = this.#rename(file);
      const name = this.#nameOf(file);
      if ((declared.get(name) ?? text) !== text) throw new Error(`two types are called ${name}`);
      declared.set(name, text);
    }
    return [...declared].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  }

  /** Root and v2 have types of the same name: the root's are called `Core…` where they differ. */
  #nameOf(file: TypeFile): string {
    return this.#twinOf(file) && !this.#isRepeated(file) ? `Core${file.name}` : file.name;
  }

  /** Of the root, and the same in v2 but for comments. */
  #isRepeated(file: TypeFile): boolean {
    const twin = this.#twinOf(file);
    return twin !== undefined && withoutComments(twin.body) === withoutComments(file.body);
  }

  #twinOf(file: TypeFile): TypeFile | undefined {
    return file.path.includes('/') ? undefined : this.#reached.get(`v2/${file.path}`);
  }

  #rename(file: TypeFile): string {
    const targets = [...file.imports.values()].flatMap((path) => this.#reached.get(path) ?? []);
    let text = file.body;
    for (const target of [file, ...targets]) {
      const name = this.#nameOf(target);
      if (name !== target.name) text = text.replaceAll(new RegExp(`\\b${target.name}\\b`, 'g'), name);
    }
    // JSON.parse makes numbers of what Rust counts in 64 bits.
    return text
      .replaceAll(/\bbigint\b/g, 'number')
      .replaceAll('} | {', '}\n  | {')
      .replaceAll(/[ \t]+$/gm, '');
  }
}

async function variantsOf(
  files: TypeFiles,
  path: string,
  isWanted = (_method: string) => true,
): Promise<Variant[]> {
  const { body } = await files.read(path);
  const variants = [...body.matchAll(VARIANT)].map(([, method = '', params = '']): Variant => [
    method,
    params,
  ]);
  const methodCount = body.split('"method":').length - 1;
  if (variants.length !== methodCount) {
    throw new Error(`${path} has ${methodCount} methods, ${variants.length} of them in a known form`);
  }
  return variants.filter(([method]) => isWanted(method)).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function withoutComments(body: string): string {
  return body.replaceAll(/\/\*\*[^]*?\*\//g, '').trim();
}

function nameOf(params: string): string {
  return params.replace(/ \|.*/, '');
}

function responseOf(params: string): string {
  return nameOf(params).replace(/Params$/, 'Response');
}

function header(version: string): string {
  return `// Generated by test/generate-codex-types.ts from codex ${version} (app-server generate-ts --experimental). Do not edit.
/* oxlint-disable */

/** The codex that these types are of. */
export const CODEX_VERSION = '${version}';`;
}

function requestMap(name: string, comment: string, variants: readonly Variant[]): string {
  const lines = variants.map(
    ([method, params]) =>
      `  '${method}': { readonly params: ${params}; readonly result: ${responseOf(params)} };`,
  );
  return `/** ${comment} */\nexport interface ${name} {\n${lines.join('\n')}\n}`;
}

function methodList(name: string, variants: readonly Variant[]): string {
  return `export const ${name} = [\n${variants.map(([method]) => `  '${method}',`).join('\n')}\n] as const;`;
}

if (import.meta.main) {
  await mkdir(dirname(TARGET), { recursive: true });
  await writeFile(TARGET, await generateCodexTypes());
}
