/** The composition root: which store, which providers, which processes. Everything else is given to it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nanoid } from 'nanoid';
import { acpDrivers } from '../adapters/acp/index.ts';
import { claudeDriver } from '../adapters/claude/index.ts';
import { codexDriver } from '../adapters/codex/index.ts';
import { GitHistory } from '../adapters/git/index.ts';
import { GitWorktrees } from '../adapters/git/worktrees.ts';
import { cursorSdkDriver } from '../adapters/cursor-sdk/index.ts';
import { replayDriver } from '../adapters/replay/index.ts';
import { formatRecording, formatRecordingLine, readRecording } from '../adapters/replay/recording.ts';
import { LocalProcessHost } from '../adapters/shared/process-host.ts';
import { ProcessTree } from '../adapters/shared/process-tree.ts';
import { opencodeDriver, opencodeOverLines } from '../adapters/opencode/index.ts';
import { openProtocolLog } from '../adapters/shared/protocol-log.ts';
import { Secrets } from '../adapters/shared/secrets.ts';
import { copyDatabase, openJournal } from '../adapters/sqlite/index.ts';
import { RuntimeError } from '../machines/domain/error.ts';
import { runCli } from './cli.ts';
import type { ServerAdapters } from './serve.ts';

const makeMarker = (): string => nanoid(24);

const secrets = new Secrets();

/** Of agents. */
const drivers = [codexDriver, claudeDriver, opencodeDriver, cursorSdkDriver, ...acpDrivers];
/** Recordings of opencode have what stands behind its HTTP. */
const played = [codexDriver, claudeDriver, opencodeOverLines, ...acpDrivers];

const adapters: ServerAdapters = {
  secrets,
  drivers: [...drivers, replayDriver({ drivers: played })],
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
      makeMarker,
    }),
  makeWorktrees: (folder) => new GitWorktrees({ folder, env: process.env }),
  endSurvivor: async ({ marker, pid, startTime }) => {
    const end = await new ProcessTree({ marker, pid: pid ?? 0, startTime: startTime ?? '' }).end();
    if (end.outcome === 'gone') return;
    const pids = end.survivors.map((process) => process.pid);
    throw new RuntimeError('INTERNAL', `processes ${pids.join(', ')} could not be ended`);
  },
  openFrameLog: (folder, instanceId, onError) =>
    openProtocolLog({ folder, name: instanceId, redact: secrets.redact, onError }),
};

const root = new URL(import.meta.resolve('threadchart/package.json'));
const manifest: unknown = JSON.parse(readFileSync(root, 'utf8'));
const release =
  typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : '0.0.0';

const consoleFolder = fileURLToPath(new URL('dist/console', root));

process.exitCode = await runCli(process.argv.slice(2), { adapters, release, consoleFolder });
