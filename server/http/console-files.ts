/** The console's files: built beforehand, read once, and served under a policy that lets nothing else in. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Answer } from './respond.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
};

/** No inline code or style, no other host, no frame. Images that were fetched with the token are blobs. */
const POLICY = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self'`,
  `img-src 'self' blob: data:`,
  `connect-src 'self'`,
  `base-uri 'none'`,
  `form-action 'none'`,
  `frame-ancestors 'none'`,
  `require-trusted-types-for 'script'`,
  `trusted-types dompurify`,
].join('; ');

const SECURITY_HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

const INDEX = '/index.html';
const YEAR_SECONDS = 31_536_000;

const NOT_BUILT = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Threadchart</title>
<h1>The console is not built</h1>
<p>Build it with <code>npm run build:console</code> and load this page again.</p></html>
`;

type Files = ReadonlyMap<string, FileAnswers>;

/** Answers of the files in `folder`, by path; looks for them again while they are not there. */
export class ConsoleFiles {
  readonly #folder: string;
  #files: Files | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `accepted`: the encodings that the browser takes, as it says. */
  answer(path: string, accepted = ''): Answer | null {
    const name = path === '/' ? INDEX : path;
    this.#files ??= readFiles(this.#folder);
    if (this.#files !== null) return this.#files.get(name)?.in(accepted) ?? null;
    return name === INDEX ? page(NOT_BUILT, 503) : null;
  }
}

/** `null`: there is no console in it. */
function readFiles(folder: string): Files | null {
  if (statSync(join(folder, INDEX), { throwIfNoEntry: false }) === undefined) return null;
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && extname(entry.name) in TYPES);
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const name = `/${relative(folder, path).split(sep).join('/')}`;
      return [name, new FileAnswers(name, readFileSync(path))] as const;
    }),
  );
}

const GZIP = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/;

/** One file, as it is and packed; packed when that is first asked for. */
class FileAnswers {
  readonly #plain: Answer;
  readonly #body: Uint8Array;
  #packed: Answer | null = null;

  /** What is in `assets/` has the hash of its content in its name. */
  constructor(name: string, body: Uint8Array) {
    const caching = name.startsWith('/assets/') ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache';
    this.#body = body;
    this.#plain = {
      status: 200,
      contentType: TYPES[extname(name)] ?? 'application/octet-stream',
      body,
      headers: { ...SECURITY_HEADERS, 'cache-control': caching, vary: 'accept-encoding' },
    };
  }

  in(accepted: string): Answer {
    if (!GZIP.test(accepted)) return this.#plain;
    const { headers } = this.#plain;
    this.#packed ??= {
      ...this.#plain,
      body: gzipSync(this.#body, { level: 9 }),
      headers: { ...headers, 'content-encoding': 'gzip' },
    };
    return this.#packed;
  }
}

const page = (body: string, status: number): Answer => ({
  status,
  contentType: 'text/html; charset=utf-8',
  body,
  headers: SECURITY_HEADERS,
});
