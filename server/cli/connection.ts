/** A client of the server that runs on the data folder, or at `--url`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { Client } from '../client/client.ts';
import { connect } from '../client/node.ts';
import { dataFolder, type ConfigFlags } from '../config.ts';
import { commandLine } from './command-line.ts';
import { readServerFile } from './server-file.ts';

export interface ClientFlags extends Pick<ConfigFlags, 'data'> {
  readonly url?: string;
  readonly token?: string;
}

const DEFAULT_URL = 'http://127.0.0.1:4747';
const PROBE_MS = 5_000;

/** A server that answers, and the token for it. */
export interface Place {
  readonly url: string;
  readonly token: string;
}

/** Runs `use` with a connected client, which is closed afterwards. */
export async function withClient<Result>(
  flags: ClientFlags,
  use: (client: Client, place: Place) => Promise<Result>,
): Promise<Result> {
  const data = dataFolder(flags, process.env);
  const url = flags.url ?? readServerFile(data)?.url ?? DEFAULT_URL;
  await probe(url);
  const token = flags.token ?? readToken(data);
  const client = await connect({ url, token });
  try {
    return await use(client, { url, token });
  } finally {
    client.close();
  }
}

/** The client itself would try for ever. @throws {RuntimeError} CONNECTION_LOST where nothing listens, INVALID_PARAMS */
async function probe(url: string): Promise<void> {
  if (!URL.canParse(url)) throw new RuntimeError('INVALID_PARAMS', `${url} is no URL`);
  try {
    await fetch(new URL('/healthz', url), { signal: AbortSignal.timeout(PROBE_MS) });
  } catch (cause) {
    const line = commandLine(['serve'], {});
    throw new RuntimeError('CONNECTION_LOST', `no server answers at ${url}; start one with \`${line}\``, {
      cause,
    });
  }
}

function readToken(data: string): string {
  try {
    return readFileSync(join(data, 'token'), 'utf8').trim();
  } catch (cause) {
    throw new RuntimeError('UNAUTHORIZED', `there is no token in ${data}; give --token`, { cause });
  }
}
