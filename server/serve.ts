/** A whole server: store, runtime and doors, started in order and ended in order. */
import { statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { customAlphabet, nanoid } from 'nanoid';
import type { RuntimeError } from '../machines/domain/error.ts';
import type { InstanceId } from '../machines/domain/ids.ts';
import type { Recording } from '../machines/domain/recording.ts';
import type { Journal } from '../machines/ports/journal.ts';
import type { ProcessHost, ProcessRow } from '../machines/ports/process-host.ts';
import type { ProviderDriver } from '../machines/ports/provider.ts';
import type { Config } from './config.ts';
import { attachmentPathOf, removeAttachment } from './http/attachments.ts';
import { LOOPBACK_HOSTS } from './http/guard.ts';
import type { ReadFrame } from './http/entries.ts';
import { hostInUrl } from './http/listen-address.ts';
import { startHttpServer, type HttpServer } from './http/server.ts';
import { openTokenFile } from './http/tokens.ts';
import { systemClock } from './runtime/clock.ts';
import { ThreadRuntime, type Log } from './runtime/runtime.ts';

/** Letters and digits only: an id that began with a dash would be an option on a command line. */
const makeId = customAlphabet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', 16);

/** A frame as it was kept: redacted, and cut if it was long. */
export interface LoggedFrame {
  /** Epoch ms. */
  readonly at: number;
  readonly direction: 'in' | 'out';
  readonly frame: string;
}

/** Raw provider frames of one instance on disk. */
export interface FrameLog {
  append(direction: 'in' | 'out', frame: string): string;
  /** `null`: it is not of this log, or is gone. */
  read(ref: string): Promise<LoggedFrame | null>;
  close(): Promise<void>;
}

/** The file format of recordings, and what is taken out of texts that go into one. */
export interface RecordingFiles {
  /** @throws {RuntimeError} RECORDING_INVALID naming the line */
  read(path: string): Recording;
  format(recording: Recording): string;
  redact(text: string): string;
}

/** What the process knows to be secret, and takes out of everything that it keeps or shows. */
export interface SecretStore {
  add(value: string): void;
  addEnvironment(env: Readonly<Record<string, string>>): void;
  readonly redact: (text: string) => string;
}

/** The concrete adapters, which only `main.ts` names. */
export interface ServerAdapters {
  readonly drivers: readonly ProviderDriver[];
  readonly recordings: RecordingFiles;
  readonly secrets: SecretStore;
  openJournal(config: Config, makeEpoch: () => string): Journal;
  /**
   * The database of a data folder as it is at this moment, whether a server writes to it or not, into a new file.
   * @throws {RuntimeError} STORE_UNAVAILABLE, STORE_CORRUPT
   */
  copyDatabase(folder: string, target: string): void;
  makeProcessHost(table: Pick<Journal, 'putProcess' | 'removeProcess'>): ProcessHost;
  endSurvivor(row: ProcessRow): Promise<void>;
  openFrameLog(folder: string, instanceId: InstanceId, onError: (error: unknown) => void): Promise<FrameLog>;
}

export interface RunningServer {
  readonly url: string;
  readonly tokenFile: string;
  readonly runtime: ThreadRuntime;
  /** Resolves with the reason when the store has failed for good. */
  readonly failed: Promise<RuntimeError>;
  /** Drains for at most `drainMs`, ends the providers, closes the doors and the store. */
  stop(drainMs: number): Promise<void>;
}

/**
 * Nothing is served before recovery has finished.
 * @throws {RuntimeError} STORE_LOCKED, STORE_UNAVAILABLE, STORE_CORRUPT when the data folder cannot be used
 */
export async function serve(
  config: Config,
  adapters: ServerAdapters,
  { log, release }: { log: Log; release: string },
): Promise<RunningServer> {
  const { secrets } = adapters;
  for (const { env } of config.instances) secrets.addEnvironment(env);
  const journal = adapters.openJournal(config, () => nanoid(12));
  const logs = await openLogs(config, adapters, log);
  let giveUp: (cause: RuntimeError) => void = () => {};
  const failed = new Promise<RuntimeError>((resolve) => {
    giveUp = resolve;
  });
  const runtime = makeRuntime(config, adapters, {
    journal,
    logs,
    log,
    release,
    giveUp: (cause) => giveUp(cause),
  });
  let http: HttpServer;
  try {
    await runtime.start();
    secrets.add(openTokenFile(config.data));
    http = await openDoors(config, runtime, { log, readFrame: (ref) => readFrame(logs, ref) });
  } catch (error) {
    await runtime.stop(0);
    await closeAll(logs, journal);
    throw error;
  }
  const { url, tokenFile } = http;
  let stopping: Promise<void> | null = null;
  const stop = async (drainMs: number): Promise<void> => {
    await runtime.stop(drainMs);
    await http.close();
    await closeAll(logs, journal);
  };
  return {
    url,
    tokenFile,
    runtime,
    failed,
    stop: (drainMs) => {
      if (drainMs === 0) runtime.hurry();
      stopping ??= stop(drainMs);
      return stopping;
    },
  };
}

interface RuntimeNeeds {
  readonly journal: Journal;
  readonly logs: ReadonlyMap<InstanceId, FrameLog>;
  readonly log: Log;
  readonly release: string;
  readonly giveUp: (cause: RuntimeError) => void;
}

const makeRuntime = (
  config: Config,
  adapters: ServerAdapters,
  { logs, ...needs }: RuntimeNeeds,
): ThreadRuntime =>
  new ThreadRuntime({
    ...needs,
    drivers: adapters.drivers,
    instances: config.instances,
    processes: adapters.makeProcessHost(needs.journal),
    endSurvivor: (row) => adapters.endSurvivor(row),
    clock: systemClock,
    newId: makeId,
    redact: adapters.secrets.redact,
    deltaWindowMs: config.deltaWindowMs,
    deltaRetentionMs: config.deltaRetentionMs,
    connectionIdleMs: config.connectionIdleMs,
    deletedAfterMs: daysToMs(config.retention.deletedAfterDays),
    removeAttachment: (id) => removeAttachment(config.data, id),
    attachmentPath: (id) => attachmentPathOf(config.data, id),
    isFolder,
    logFrame: (instanceId, direction, frame) => logs.get(instanceId)?.append(direction, frame) ?? '',
  });

const openDoors = (
  config: Config,
  runtime: ThreadRuntime,
  given: { readonly log: Log; readonly readFrame: ReadFrame },
): Promise<HttpServer> =>
  startHttpServer({
    ...given,
    runtime,
    dataFolder: config.data,
    host: config.host,
    port: config.port,
    allowInsecure: config.allowInsecure,
    allowedHosts: [...LOOPBACK_HOSTS, hostInUrl(config.host), ...config.allowedHosts],
    allowedOrigins: config.allowedOrigins,
  });

async function openLogs(
  config: Config,
  adapters: ServerAdapters,
  log: Log,
): Promise<ReadonlyMap<InstanceId, FrameLog>> {
  const folder = join(config.data, 'logs');
  const opened = config.instances.map(async ({ instanceId }) => {
    const onError = (error: unknown): void => log.error({ instanceId, error }, 'the protocol log failed');
    return [instanceId, await adapters.openFrameLog(folder, instanceId, onError)] as const;
  });
  return new Map(await Promise.all(opened));
}

/** A reference begins with the name of its log. */
async function readFrame(logs: ReadonlyMap<string, FrameLog>, ref: string): Promise<LoggedFrame | null> {
  const found = await logs.get(ref.slice(0, ref.lastIndexOf('.')))?.read(ref);
  if (found === undefined || found === null) return null;
  const { at, direction, frame } = found;
  return { at, direction, frame };
}

async function closeAll(logs: ReadonlyMap<InstanceId, FrameLog>, journal: Journal): Promise<void> {
  await Promise.all([...logs.values()].map((log) => log.close()));
  journal.close();
}

const isFolder = (path: string): boolean =>
  isAbsolute(path) && (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);

const daysToMs = (days: number | null): number | null => (days === null ? null : days * 86_400_000);
