/** A whole server: store, runtime and doors, started in order and ended in order. */
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { customAlphabet, nanoid } from 'nanoid';
import type { RuntimeError } from '../machines/domain/error.ts';
import type { InstanceId } from '../machines/domain/ids.ts';
import type { Recording, RecordingHeader, RecordingLine } from '../machines/domain/recording.ts';
import type { Journal } from '../machines/ports/journal.ts';
import type { ProcessHost, ProcessRow } from '../machines/ports/process-host.ts';
import type { WorkspaceHistory } from '../machines/ports/workspace-history.ts';
import type { Worktrees } from '../machines/ports/worktrees.ts';
import type { ProviderDriver } from '../machines/ports/provider.ts';
import { ConfigWatch, type ConfigSource } from './config-watch.ts';
import type { Config } from './config.ts';
import { FrameLogs, type FrameLog } from './frame-logs.ts';
import { attachmentPathOf, removeAttachment } from './http/attachments.ts';
import { LOOPBACK_HOSTS } from './http/guard.ts';
import { ConsoleFiles } from './http/console-files.ts';
import type { ReadFrame } from './http/entries.ts';
import { hostInUrl } from './http/listen-address.ts';
import type { Answer } from './http/respond.ts';
import { startHttpServer, type HttpOptions, type HttpServer } from './http/server.ts';
import { openTokenFile } from './http/tokens.ts';
import { systemClock } from './runtime/clock.ts';
import { Folders } from './runtime/folders.ts';
import type { Log } from './runtime/runtime-options.ts';
import { ThreadRuntime } from './runtime/runtime.ts';
import { McpDoor } from './mcp/door.ts';
import { READERS } from './mcp/tools.ts';

/** Letters and digits only: an id that began with a dash would be an option on a command line. */
const makeId = customAlphabet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', 16);

/** The file format of recordings, and what is taken out of texts that go into one. */
export interface RecordingFiles {
  /** @throws {RuntimeError} RECORDING_INVALID naming the line */
  read(path: string): Recording;
  format(recording: Recording): string;
  /** A part of that. */
  formatLine(line: RecordingHeader | RecordingLine): string;
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
  /** Where the files of workspaces are captured; `folder` is its own. Absent: nowhere. */
  makeHistory?(folder: string): WorkspaceHistory;
  makeProcessHost(table: Pick<Journal, 'putProcess' | 'removeProcess'>): ProcessHost;
  makeWorktrees?(folder: string): Worktrees;
  endSurvivor(row: ProcessRow): Promise<void>;
  openFrameLog(folder: string, instanceId: InstanceId, onError: (error: unknown) => void): Promise<FrameLog>;
}

/** What a server is started with besides its configuration. */
export interface ServeParts {
  readonly log: Log;
  readonly release: string;
  /** Watched, and read again when it changes; absent: the configuration stays as it is. */
  readonly source?: ConfigSource;
  /** Where the console was built; absent: none is served. */
  readonly consoleFolder?: string;
}

export interface RunningServer {
  readonly url: string;
  readonly tokenFile: string;
  /** Opens the console, once and within 15 minutes. */
  signInUrl(): string;
  readonly runtime: ThreadRuntime;
  /** Reads the configuration again now; resolves when it is in force, or refused and told in the log. */
  reload(): Promise<void>;
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
  { log, release, source, consoleFolder }: ServeParts,
): Promise<RunningServer> {
  const journal = adapters.openJournal(config, () => nanoid(12));
  const logs = makeLogs(config, adapters, log);
  const { promise: failed, resolve: giveUp } = Promise.withResolvers<RuntimeError>();
  const runtime = makeRuntime(config, adapters, { journal, logs, log, release, giveUp });
  let http: HttpServer;
  try {
    await admit(config.instances, { adapters, logs });
    await runtime.start();
    adapters.secrets.add(openTokenFile(config.data));
    http = await openDoors(config, runtime, {
      log,
      readFrame: (ref) => logs.read(ref),
      recordings: adapters.recordings,
      ...(consoleFolder !== undefined && { consoleFolder }),
      ...agentDoor(config, runtime),
    });
    if (config.delegation.enabled) runtime.keys.setDoor({ url: agentUrlOf(config, http), readers: READERS });
  } catch (error) {
    await runtime.stop(0);
    await closeAll(logs, journal);
    throw error;
  }
  const watched = source === undefined ? null : watchConfig(config, source, { adapters, logs, log, runtime });
  // what has changed since it was read for the start
  void watched?.reload();
  const { url, tokenFile } = http;
  let stopping: Promise<void> | null = null;
  const stop = async (drainMs: number): Promise<void> => {
    await watched?.stop();
    await runtime.stop(drainMs);
    await http.close();
    await closeAll(logs, journal);
  };
  return {
    url,
    tokenFile,
    signInUrl: () => http.signInUrl(),
    runtime,
    failed,
    reload: () => watched?.reload() ?? Promise.resolve(),
    stop: (drainMs) => {
      if (drainMs === 0) runtime.hurry();
      stopping ??= stop(drainMs);
      return stopping;
    },
  };
}

interface Admitting {
  readonly adapters: ServerAdapters;
  readonly logs: FrameLogs;
}

/** What has to be known and open before an instance can be used. */
async function admit(instances: Config['instances'], { adapters, logs }: Admitting): Promise<void> {
  for (const { env } of instances) adapters.secrets.addEnvironment(env);
  await logs.open(instances.map(({ instanceId }) => instanceId));
}

interface Watching extends Admitting {
  readonly log: Log;
  readonly runtime: ThreadRuntime;
}

function watchConfig(
  config: Config,
  source: ConfigSource,
  { log, runtime, ...admitting }: Watching,
): ConfigWatch {
  runtime.onCommitted(({ instances }) => {
    for (const { instanceId, removed } of instances)
      if (removed === true) void admitting.logs.closeOne(instanceId);
  });
  return new ConfigWatch({
    ...source,
    config,
    clock: systemClock,
    log,
    apply: async ({ instances }) => {
      await admit(instances, admitting);
      const changes = runtime.applyInstances(instances);
      const count = Object.values(changes).flat().length;
      if (count > 0) log.info({ ...changes }, 'the configuration of instances has changed');
    },
    onNotices: (notices) => runtime.setNotices(notices),
  });
}

interface RuntimeNeeds {
  readonly journal: Journal;
  readonly logs: FrameLogs;
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
    ...historyOf(config, adapters),
    ...(adapters.makeWorktrees && { worktrees: adapters.makeWorktrees(worktreesFolder(config)) }),
    endSurvivor: (row) => adapters.endSurvivor(row),
    clock: systemClock,
    newId: makeId,
    redact: adapters.secrets.redact,
    deltaWindowMs: config.deltaWindowMs,
    deltaRetentionMs: config.deltaRetentionMs,
    connectionIdleMs: config.connectionIdleMs,
    deletedAfterMs: daysToMs(config.retention.deletedAfterDays),
    taskBounds: config.delegation,
    removeAttachment: (id) => removeAttachment(config.data, id),
    attachmentPath: (id) => attachmentPathOf(config.data, id),
    isFolder,
    folders: new Folders(config.workspaceRoots.map(expandHome)),
    logFrame: (instanceId, direction, frame) => logs.append(instanceId, direction, frame),
  });

/** Its memory of workspaces can be thrown away at any time. */
export const historyOf = (
  { data }: Pick<Config, 'data'>,
  adapters: Pick<ServerAdapters, 'makeHistory'>,
): { readonly history?: WorkspaceHistory } =>
  adapters.makeHistory === undefined ? {} : { history: adapters.makeHistory(join(data, 'workspaces')) };

interface DoorParts
  extends Pick<ServeParts, 'log' | 'consoleFolder'>, Pick<HttpOptions, 'agents' | 'recordings'> {
  readonly readFrame: ReadFrame;
}

const fallbackOf =
  (files: ConsoleFiles) =>
  (path: string, accepted: string): Answer | null =>
    files.answer(path, accepted);

const openDoors = (
  config: Config,
  runtime: ThreadRuntime,
  { consoleFolder, ...given }: DoorParts,
): Promise<HttpServer> =>
  startHttpServer({
    ...given,
    ...(consoleFolder !== undefined && { fallback: fallbackOf(new ConsoleFiles(consoleFolder)) }),
    runtime,
    dataFolder: config.data,
    host: config.host,
    port: config.port,
    allowInsecure: config.allowInsecure,
    allowedHosts: [...LOOPBACK_HOSTS, hostInUrl(config.host), ...config.allowedHosts],
    allowedOrigins: config.allowedOrigins,
  });

function agentDoor({ delegation }: Config, runtime: ThreadRuntime): Pick<HttpOptions, 'agents'> {
  if (!delegation.enabled) return {};
  const { keys, info } = runtime;
  const door = new McpDoor({
    runtime,
    keys,
    newId: makeId,
    release: info.version,
    now: () => performance.now(),
  });
  return { agents: (request) => door.answer(request) };
}

/** Agents run here: where every address is listened on, they take loopback. */
function agentUrlOf({ host }: Config, { port }: HttpServer): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : hostInUrl(host);
  return `http://${name}:${port}/mcp`;
}

const makeLogs = (config: Config, adapters: ServerAdapters, log: Log): FrameLogs =>
  new FrameLogs({
    open: (instanceId, onError) => adapters.openFrameLog(join(config.data, 'logs'), instanceId, onError),
    isOn: config.protocolLog,
    log,
  });

async function closeAll(logs: FrameLogs, journal: Journal): Promise<void> {
  await logs.close();
  journal.close();
}

export const worktreesFolder = ({ data }: Pick<Config, 'data'>): string => join(data, 'worktrees');

const expandHome = (path: string): string => resolve(path.replace(/^~(?=$|\/)/, homedir()));

const isFolder = (path: string): boolean =>
  isAbsolute(path) && (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);

const daysToMs = (days: number | null): number | null => (days === null ? null : days * 86_400_000);
