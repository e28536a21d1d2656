/**
 * Runs the live tests of agents that are too large to be installed for every run: `npm run live:all`. They are installed
 * into a folder of their own, some 1 GB, which is removed afterwards; `ACP_AGENTS=FOLDER` names one that is kept.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PACKAGES = [
  '@agentclientprotocol/codex-acp@2.6.0',
  '@agentclientprotocol/claude-agent-acp@0.100.0',
  '@github/copilot@1.0.102',
];

const given = process.env['ACP_AGENTS'];
const folder = given ?? mkdtempSync(join(tmpdir(), 'threadchart-agents-'));

function run(command: string, args: readonly string[]): number {
  const env = { ...process.env, ACP_AGENTS: folder };
  return spawnSync(command, args, { stdio: 'inherit', env }).status ?? 1;
}

try {
  const isInstalled =
    run('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, ...PACKAGES]) === 0;
  const tests = ['vitest', 'run', '--config', 'test/vitest.config.ts', '--mode', 'all'];
  process.exitCode = isInstalled ? run('npx', tests) : 1;
} finally {
  if (given === undefined) rmSync(folder, { recursive: true, force: true });
}
