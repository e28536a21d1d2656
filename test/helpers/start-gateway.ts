/** A real server on a free port of loopback, against a fake runtime, gone when the test is. */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { LIMITS, type Limits } from '../../server/gateway/limits.ts';
import { startHttpServer, type HttpOptions, type HttpServer } from '../../server/http/server.ts';
import { FakeRuntime } from './fake-runtime.ts';
import { RawClient, type RawOptions } from './raw-client.ts';

export interface StartedGateway {
  readonly runtime: FakeRuntime;
  readonly server: HttpServer;
  readonly url: string;
  readonly dataFolder: string;
  /** Of the token file. */
  readonly token: string;
  /** Opens a socket with the file's token. */
  readonly open: (options?: RawOptions) => Promise<RawClient>;
}

export type GatewayTestOptions = Partial<Omit<HttpOptions, 'runtime' | 'limits'>> & {
  limits?: Partial<Limits>;
};

export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'threadchart-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function startGateway(options: GatewayTestOptions = {}): Promise<StartedGateway> {
  const runtime = new FakeRuntime();
  const dataFolder = options.dataFolder ?? makeFolder();
  const limits = { ...LIMITS, closeTimeoutMs: 500, ...options.limits };
  const server = await startHttpServer({ port: 0, ...options, limits, runtime, dataFolder });
  onTestFinished(() => server.close());
  const token = readFileSync(server.tokenFile, 'utf8').trim();
  const open = (more: RawOptions = {}): Promise<RawClient> => RawClient.open(server.url, { token, ...more });
  return { runtime, server, url: server.url, dataFolder, token, open };
}
