import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Outside the repository, whose own instructions and settings the agent would read.
const ROOT = join(homedir(), '.cache', 'threadchart-test');

/** What a test may want otherwise than the recipe has it. */
export interface ClaudeHomeOptions {
  /** Base URL of the model endpoint, without `/v1`. */
  readonly endpointUrl: string;
  /** Retries of a request to the model; default 2. */
  readonly retryCount?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** The user's `settings.json`. */
  readonly settings?: object;
  /** MCP servers of the user, by name. */
  readonly mcpServers?: object;
}

/** A configuration folder of its own for one test. */
export interface ClaudeHome {
  /** CLAUDE_CONFIG_DIR. */
  readonly path: string;
  /** An empty folder to work in, in no repository. */
  readonly workspace: string;
  /** The whole environment for the process: nothing is inherited but PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** Deletes the configuration, the workspace and the rest. */
  readonly remove: () => Promise<void>;
}

/** Makes a configuration folder for a claude that talks to a model endpoint and to nothing else. */
export async function makeClaudeHome(options: ClaudeHomeOptions): Promise<ClaudeHome> {
  await mkdir(ROOT, { recursive: true });
  const root = await mkdtemp(join(ROOT, 'claude-'));
  const [path, home, workspace] = [join(root, 'config'), join(root, 'user'), join(root, 'workspace')];
  const temporary = join(root, 'tmp');
  await Promise.all([path, home, workspace, temporary].map((folder) => mkdir(folder)));
  await writeFile(join(path, 'settings.json'), JSON.stringify(options.settings ?? {}));
  const { mcpServers } = options;
  if (mcpServers !== undefined) await writeFile(join(path, '.claude.json'), JSON.stringify({ mcpServers }));
  return {
    path,
    workspace,
    env: {
      CLAUDE_CONFIG_DIR: path,
      HOME: home,
      TMPDIR: temporary,
      CLAUDE_CODE_TMPDIR: temporary,
      PATH: process.env['PATH'] ?? '',
      LANG: 'C.UTF-8',
      ANTHROPIC_BASE_URL: options.endpointUrl,
      ANTHROPIC_API_KEY: 'sk-ant-offline-dummy',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      DISABLE_TELEMETRY: '1',
      DISABLE_ERROR_REPORTING: '1',
      CLAUDE_CODE_MAX_RETRIES: String(options.retryCount ?? 2),
      // lets tests that run as root ask for no permissions
      IS_SANDBOX: '1',
      ...options.env,
    },
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 3 }),
  };
}
