import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

// Outside the repository, whose own instructions and settings the agent would read.
const ROOT = join(homedir(), '.cache', 'threadchart-test');

/** What a test may want otherwise than the recipe has it. */
export interface OpencodeHomeOptions {
  /** Base URL of the model endpoint, ending in `/v1`. */
  readonly endpointUrl: string;
  /** Tokens of the model's context and answer; default 200,000 and 8,000. */
  readonly limit?: { readonly context: number; readonly output: number };
  /** More of the configuration. */
  readonly config?: object;
  readonly env?: Readonly<Record<string, string>>;
  /** What is run; default: the real opencode. */
  readonly command?: string;
}

/** Folders of its own for the opencode of one test. */
export interface OpencodeHome {
  /** Where it keeps its sessions. */
  readonly path: string;
  /** A git repository to work in: without one opencode keeps no snapshots of files. */
  readonly workspace: string;
  /** The whole environment for the process: nothing is inherited but PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** Deletes everything. */
  readonly remove: () => Promise<void>;
}

/** Makes folders for an opencode that talks to a model endpoint and to nothing else. */
export async function makeOpencodeHome(options: OpencodeHomeOptions): Promise<OpencodeHome> {
  await mkdir(ROOT, { recursive: true });
  const root = await mkdtemp(join(ROOT, 'opencode-'));
  const folderOf = (name: string): string => join(root, name);
  const names = ['user', 'config', 'data', 'state', 'cache', 'tmp', 'workspace'];
  await Promise.all(names.map((name) => mkdir(folderOf(name))));
  const workspace = folderOf('workspace');
  await makeRepository(workspace, folderOf('user'));
  return {
    path: folderOf('data'),
    workspace,
    env: {
      HOME: folderOf('user'),
      XDG_CONFIG_HOME: folderOf('config'),
      XDG_DATA_HOME: folderOf('data'),
      XDG_STATE_HOME: folderOf('state'),
      XDG_CACHE_HOME: folderOf('cache'),
      TMPDIR: folderOf('tmp'),
      PATH: process.env['PATH'] ?? '',
      LANG: 'C.UTF-8',
      ...OFFLINE,
      OPENCODE_CONFIG_CONTENT: JSON.stringify(configOf(options)),
      ...options.env,
    },
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** 1.18.33 asks npm for packages in spite of all of its own switches; so it is given a registry that is not there. */
const OFFLINE = {
  npm_config_registry: 'http://127.0.0.1:9/',
  OPENCODE_DISABLE_MODELS_FETCH: '1',
  OPENCODE_DISABLE_AUTOUPDATE: '1',
  OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
  OPENCODE_DISABLE_SHARE: '1',
  OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
  OPENCODE_DISABLE_CLAUDE_CODE: '1',
};

function configOf({ endpointUrl, limit = { context: 200_000, output: 8_000 }, config }: OpencodeHomeOptions) {
  const model = {
    tool_call: true,
    reasoning: true,
    attachment: true,
    modalities: { input: ['text', 'image'], output: ['text'] },
    limit,
  };
  return {
    model: 'stub/scripted',
    small_model: 'stub/scripted',
    enabled_providers: ['stub'],
    autoupdate: false,
    share: 'disabled',
    provider: {
      stub: {
        npm: '@ai-sdk/openai-compatible',
        options: { baseURL: endpointUrl, apiKey: 'dummy' },
        models: { scripted: model, other: model },
      },
    },
    ...config,
  };
}

async function makeRepository(folder: string, home: string): Promise<void> {
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@localhost'];
  const options = { cwd: folder, env: { PATH: process.env['PATH'] ?? '', HOME: home } };
  await run('git', ['init', '-q'], options);
  await run('git', [...author, 'commit', '-q', '--allow-empty', '-m', 'first'], options);
}
