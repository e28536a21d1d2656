import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A real agent that live tests can drive. */
export type AgentName = 'codex' | 'claude' | 'opencode' | 'gemini' | 'cursor-sdk';

const MODULES = join(import.meta.dirname, 'node_modules');
const INSTALL_COMMAND = 'npm ci --prefix test/agents';

/**
 * Finds Codex's native binary, or null when it is not installed for this platform.
 * The package's own entry is a node launcher, which would own the pid and swallow the signals.
 */
export function codexBinary(): string | null {
  const vendor = join(MODULES, '@openai', `codex-${process.platform}-${process.arch}`, 'vendor');
  if (!existsSync(vendor)) return null;
  const found = readdirSync(vendor).map((target) => join(vendor, target, 'bin', 'codex'));
  return found.find((path) => existsSync(path)) ?? null;
}

/** Finds Claude Code's native binary, or null when it is not installed for this platform. */
export function claudeBinary(): string | null {
  const path = join(MODULES, '@anthropic-ai', `claude-code-${process.platform}-${process.arch}`, 'claude');
  return existsSync(path) ? path : null;
}

/** Finds OpenCode's native binary, or null when it is not installed for this platform. */
export function opencodeBinary(): string | null {
  const path = join(MODULES, `opencode-${process.platform}-${process.arch}`, 'bin', 'opencode');
  return existsSync(path) ? path : null;
}

/** Finds gemini's bundle, which is the same for every platform. */
export function geminiBinary(): string | null {
  const path = join(MODULES, '@google', 'gemini-cli', 'bundle', 'gemini.js');
  return existsSync(path) ? path : null;
}

/** Finds the folder of Cursor's SDK, which is a package to be loaded and no program. */
export function cursorSdkFolder(): string | null {
  const path = join(MODULES, '@cursor', 'sdk');
  return existsSync(path) ? path : null;
}

const BINARIES: Readonly<Record<AgentName, () => string | null>> = {
  codex: codexBinary,
  claude: claudeBinary,
  opencode: opencodeBinary,
  gemini: geminiBinary,
  'cursor-sdk': cursorSdkFolder,
};

/**
 * Finds an agent that a test cannot do without. Outside CI a missing agent is null, so that the test can skip
 * visibly; in CI (`process.env.CI`) it is an error, so that no suite is green because it did not run.
 * @throws {Error} in CI, when the agent is not installed
 */
export function requireAgent(name: AgentName): string | null {
  const binary = BINARIES[name]();
  if (binary === null && process.env['CI']) {
    throw new Error(
      `the agent ${name} is not installed for ${process.platform}-${process.arch}: run ${INSTALL_COMMAND}`,
    );
  }
  return binary;
}
