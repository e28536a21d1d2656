import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Outside the repository, whose own instructions and settings the agent would read.
const ROOT = join(homedir(), '.cache', 'threadchart-test');
const DEFAULT_MODEL = 'gpt-5.5';
const QUIET_FEATURES: Readonly<Record<string, boolean>> = {
  apps: false,
  plugins: false,
  remote_plugin: false,
};

/** What a test may want otherwise than the recipe has it. */
export interface CodexHomeOptions {
  /** Base URL of the model endpoint, ending in `/v1`. */
  readonly endpointUrl: string;
  /** Default `gpt-5.5`, which is given its tools directly. */
  readonly model?: string;
  /** Codex features, such as `default_mode_request_user_input` or `unbounded_connection_retries`. */
  readonly features?: Readonly<Record<string, boolean>>;
  /** Retries of a request, and of a stream; default 2 each. */
  readonly retryCount?: number;
  /** Silence of the model after which codex retries; default 20,000 ms. */
  readonly streamIdleTimeoutMs?: number;
  /** How long a thread without subscribers stays loaded; default: codex's own. */
  readonly threadUnloadDelaySeconds?: number;
  /** More TOML above all tables. */
  readonly rootLines?: readonly string[];
  /** More TOML at the end of the file, so tables only. */
  readonly tables?: string;
}

/** A CODEX_HOME of its own for one test. */
export interface CodexHome {
  readonly path: string;
  /** An empty folder to work in, in no repository. */
  readonly workspace: string;
  /** The whole environment for the process: nothing is inherited but PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** Deletes the home, the workspace and the rest. */
  readonly remove: () => Promise<void>;
}

/**
 * Makes a CODEX_HOME that talks to a model endpoint and to nothing else. It lies in the user's cache folder, because codex makes no
 * helper binaries below /tmp, and has an empty HOME, because commands run in a login shell and a real profile is slow.
 */
export async function makeCodexHome(options: CodexHomeOptions): Promise<CodexHome> {
  await mkdir(ROOT, { recursive: true });
  const root = await mkdtemp(join(ROOT, 'codex-'));
  const [path, home, workspace] = [join(root, 'codex-home'), join(root, 'user'), join(root, 'workspace')];
  await Promise.all([path, home, workspace].map((folder) => mkdir(folder)));
  await writeFile(join(path, 'config.toml'), configToml(options));
  return {
    path,
    workspace,
    env: { CODEX_HOME: path, HOME: home, PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', RUST_LOG: 'warn' },
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 3 }),
  };
}

function configToml(options: CodexHomeOptions): string {
  const { endpointUrl, model = DEFAULT_MODEL, retryCount = 2, streamIdleTimeoutMs = 20_000 } = options;
  const unload = options.threadUnloadDelaySeconds;
  const features = { ...QUIET_FEATURES, ...options.features };
  return [
    `model = ${JSON.stringify(model)}`,
    'model_provider = "stub"',
    'check_for_update_on_startup = false',
    ...(options.rootLines ?? []),
    ...(unload === undefined ? [] : [`thread_unload_delay_secs = ${unload}`]),
    '[model_providers.stub]',
    'name = "stub"',
    `base_url = ${JSON.stringify(endpointUrl)}`,
    'wire_api = "responses"',
    'requires_openai_auth = false',
    `request_max_retries = ${retryCount}`,
    `stream_max_retries = ${retryCount}`,
    `stream_idle_timeout_ms = ${streamIdleTimeoutMs}`,
    '[analytics]',
    'enabled = false',
    '[features]',
    ...Object.entries(features).map(([name, isOn]) => `${name} = ${isOn}`),
    options.tables ?? '',
  ].join('\n');
}
