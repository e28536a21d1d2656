import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

// Outside the repository, whose own instructions and settings the agent would read.
const ROOT = join(homedir(), '.cache', 'threadchart-test');

/** What a test may want otherwise than the recipe has it. */
export interface GeminiHomeOptions {
  /** Base URL of the model endpoint, without a version. */
  readonly endpointUrl: string;
  readonly env?: Readonly<Record<string, string>>;
  /** More of the user's `settings.json`. */
  readonly settings?: object;
}

/** Folders of its own for the gemini of one test. */
export interface GeminiHome {
  /** HOME; `.gemini` is in it. */
  readonly path: string;
  /** An empty folder to work in, in no repository. */
  readonly workspace: string;
  /** The whole environment for the process: nothing is inherited but PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** Deletes everything. */
  readonly remove: () => Promise<void>;
}

/** Makes folders for a gemini that talks to a model endpoint and to nothing else. */
export async function makeGeminiHome(options: GeminiHomeOptions): Promise<GeminiHome> {
  await mkdir(ROOT, { recursive: true });
  const root = await mkdtemp(join(ROOT, 'gemini-'));
  const [home, workspace, temporary] = [join(root, 'user'), join(root, 'workspace'), join(root, 'tmp')];
  await mkdir(join(home, '.gemini'), { recursive: true });
  await Promise.all([workspace, temporary].map((folder) => mkdir(folder)));
  await writeFile(
    join(home, '.gemini', 'settings.json'),
    JSON.stringify({ ...SETTINGS, ...options.settings }),
  );
  return {
    path: home,
    workspace,
    env: {
      HOME: home,
      TMPDIR: temporary,
      // its first line asks for `node`
      PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      LANG: 'C.UTF-8',
      GEMINI_API_KEY: 'dummy',
      GOOGLE_GEMINI_BASE_URL: options.endpointUrl,
      GEMINI_CLI_NO_RELAUNCH: 'true',
      ...options.env,
    },
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** A fixed model needs no other model to choose it. */
const SETTINGS = {
  security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
  general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
  privacy: { usageStatisticsEnabled: false },
  telemetry: { enabled: false },
  model: { name: 'gemini-2.5-pro' },
};
