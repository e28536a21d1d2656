/** Who may speak to the server at all: which names it is called by, and which pages may call it. */
import type { IncomingMessage } from 'node:http';
import { RuntimeError } from '../../machines/domain/error.ts';

export interface GuardOptions {
  /** Names without a port. Default: the three of loopback. Others are refused: a page can point its own name here. */
  readonly allowedHosts?: readonly string[];
  /** Full origins beside the server's own. Default: none. */
  readonly allowedOrigins?: readonly string[];
}

export const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '[::1]'] as const;

const HOST = /^(\[[0-9a-f:.]+\]|[^:[\]/?#@\s]+)(?::(\d{1,5}))?$/;

/**
 * The server's own origins are `http(s)://<allowed host>:<its port>` and the one that the allowed `Host` of the same
 * request names, which is what a page sees that was loaded through a forwarded port. `null` is never one of them.
 */
export class Guard {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor(port: number, options: GuardOptions = {}) {
    const hosts = (options.allowedHosts ?? LOOPBACK_HOSTS).map((host) => host.toLowerCase());
    const own = hosts.flatMap((host) => [`http://${host}:${port}`, `https://${host}:${port}`]);
    this.#hosts = new Set(hosts);
    this.#origins = new Set([...own, ...(options.allowedOrigins ?? [])]);
  }

  /** @throws {RuntimeError} FORBIDDEN for a `Host` that is missing, doubled or not on the list, or such an `Origin` */
  check(request: IncomingMessage): void {
    const host = this.#checkHost(request);
    const origin = originOf(request);
    if (origin === null || this.#origins.has(origin)) return;
    const isOwn = origin === `http://${host}` || origin === `https://${host}`;
    if (!isOwn)
      throw new RuntimeError('FORBIDDEN', 'the origin is not allowed', { details: { header: 'origin' } });
  }

  #checkHost(request: IncomingMessage): string {
    const [host = '', ...more] = valuesOf(request, 'host').map((each) => each.toLowerCase());
    const name = HOST.exec(host)?.[1];
    if (more.length === 0 && name !== undefined && this.#hosts.has(name)) return host;
    throw new RuntimeError('FORBIDDEN', 'the host is not allowed', { details: { header: 'host' } });
  }
}

/** The `Origin` header, which pages can not leave out of a WebSocket; `null` where none was sent. */
export function originOf(request: IncomingMessage): string | null {
  const origins = valuesOf(request, 'origin');
  return origins.length === 0 ? null : origins.join(', ');
}

/** Probes and scrapers are no pages. @throws {RuntimeError} FORBIDDEN when an `Origin` was sent */
export function refuseOrigin(request: IncomingMessage): void {
  if (originOf(request) === null) return;
  throw new RuntimeError('FORBIDDEN', 'no page may ask this', { details: { header: 'origin' } });
}

/** Path and query of a request. @throws {RuntimeError} NOT_FOUND for what is no URL */
export function urlOf({ url = '/' }: IncomingMessage): URL {
  const parsed = URL.parse(url, 'http://threadchart');
  if (parsed === null) throw new RuntimeError('NOT_FOUND', 'not a path');
  return parsed;
}

/** All values that were sent: Node keeps only the first of a doubled `Host`. */
function valuesOf(request: IncomingMessage, name: string): string[] {
  const { rawHeaders } = request;
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}
