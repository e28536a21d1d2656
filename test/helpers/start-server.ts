/** A whole server in this process: SQLite in a folder of its own, a free port, the scripted provider in real time. */
import { onTestFinished } from 'vitest';
import { GitWorktrees } from '../../adapters/git/worktrees.ts';
import { formatRecording, formatRecordingLine, readRecording } from '../../adapters/replay/recording.ts';
import { GitHistory } from '../../adapters/git/index.ts';
import { LocalProcessHost } from '../../adapters/shared/process-host.ts';
import { openProtocolLog } from '../../adapters/shared/protocol-log.ts';
import { Secrets } from '../../adapters/shared/secrets.ts';
import { copyDatabase, openJournal } from '../../adapters/sqlite/index.ts';
import type { ProviderDriver } from '../../machines/ports/provider.ts';
import type { Client } from '../../server/client/client.ts';
import { connect } from '../../server/client/node.ts';
import { configFileSchema, loadConfig, type Config } from '../../server/config.ts';
import { serve, type RunningServer, type ServerAdapters } from '../../server/serve.ts';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import { keptPort } from './kept-port.ts';
import { scriptedDriver, type ScriptedProvider } from './scripted-provider.ts';
import { World } from './scripted-world.ts';
import { makeTempFolder } from './temp-folder.ts';

export interface TestServer {
  readonly config: Config;
  readonly adapters: ServerAdapters;
  readonly world: World;
  readonly url: string;
  readonly token: string;
  provider(): ScriptedProvider;
  running(): RunningServer;
  /** Another client; closed when the test ends. */
  client(): Promise<Client>;
  /** Stops the server, and starts another one on the same folder, world and port. */
  restart(): Promise<void>;
  /** Writes the file that the server watches, and has it read; or else it finds out by itself. */
  saveInstances(instances: readonly unknown[], how?: { readonly isToldOf?: boolean }): void;
}

/** Where it is built. */
export const CONSOLE_FOLDER = join(import.meta.dirname, '..', '..', 'dist', 'console');

const SILENT = { info: () => {}, warn: () => {}, error: () => {} };

/** Registers its own end. Further drivers stand beside the scripted one. */
export async function startServer(
  given: Record<string, unknown> = {},
  drivers: readonly ProviderDriver[] = [],
): Promise<TestServer> {
  const folder = makeTempFolder();
  const world = new World({ isLive: true });
  let provider: ScriptedProvider | null = null;
  const scripted = scriptedDriver(world, undefined, (made) => void (provider = made));
  const adapters = adaptersOf([scripted, ...drivers]);
  const instances = [{ instanceId: 'scripted', driver: 'scripted' }];
  const file = configFileSchema.parse({ port: await keptPort(), instances, ...given });
  const config: Config = { ...file, data: folder.path };
  // of its own, because tests of the command line write `config.json`
  const path = join(folder.path, 'watched.json');
  const start = (given: Config): Promise<RunningServer> => {
    const load = (): Config =>
      existsSync(path)
        ? { ...given, instances: loadConfig({ data: folder.path, config: path }, {}).instances }
        : given;
    return serve(given, adapters, {
      log: SILENT,
      release: 'test',
      source: { path, load },
      consoleFolder: CONSOLE_FOLDER,
    });
  };
  let running = await start(config);
  const token = readFileSync(running.tokenFile, 'utf8').trim();
  onTestFinished(async () => {
    await running.stop(0);
    folder.remove();
  });
  return {
    config,
    adapters,
    world,
    token,
    url: running.url,
    running: () => running,
    provider: () => {
      if (provider === null) throw new Error('no provider was made');
      return provider;
    },
    client: async () => {
      const client = await connect({ url: running.url, token });
      onTestFinished(() => client.close());
      return client;
    },
    restart: async () => {
      await running.stop(0);
      running = await start(config);
    },
    saveInstances: (saved, how) => {
      writeFileSync(path, JSON.stringify({ instances: saved }));
      if (how?.isToldOf !== false) void running.reload();
    },
  };
}

function adaptersOf(drivers: readonly ProviderDriver[]): ServerAdapters {
  const secrets = new Secrets();
  return {
    drivers,
    recordings: {
      read: readRecording,
      format: formatRecording,
      formatLine: formatRecordingLine,
      redact: secrets.redact,
    },
    openJournal: ({ data, durability }, makeEpoch) =>
      openJournal({ folder: data, durability, now: () => Date.now(), makeEpoch }),
    copyDatabase,
    makeHistory: (folder) => new GitHistory({ folder, env: process.env }),
    makeProcessHost: (journal) =>
      new LocalProcessHost({
        table: { put: (row) => journal.putProcess(row), remove: (marker) => journal.removeProcess(marker) },
        makeMarker: () => nanoid(),
      }),
    makeWorktrees: (folder) => new GitWorktrees({ folder, env: process.env }),
    endSurvivor: () => Promise.resolve(),
    secrets,
    openFrameLog: (folder, instanceId, onError) => openProtocolLog({ folder, name: instanceId, onError }),
  };
}
