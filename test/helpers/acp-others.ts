/** Agents that are installed on demand: codex-acp, claude-agent-acp and copilot, each with a scripted model. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { bash } from '../model-endpoint/claude-tools.ts';
import { runEscalated } from '../model-endpoint/codex-tools.ts';
import type { ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import { functionCall, type Step } from '../model-endpoint/step.ts';
import { makeClaudeHome } from './claude-home.ts';
import { makeCodexHome } from './codex-home.ts';
import type { LiveAgent } from './live-server.ts';

export interface OtherAgent {
  readonly name: string;
  readonly version: string;
  /** A command that a person is asked about. */
  readonly run: (command: string) => Step;
  /** How a turn ends in which that is declined. */
  readonly declined: 'completed' | 'interrupted';
  readonly start: (endpoint: ModelEndpoint, folder: string) => Promise<LiveAgent>;
}

/** Their first lines ask for `node`. */
const PATH = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
const binaryIn = (folder: string, name: string): string => join(folder, 'node_modules', '.bin', name);

const claude: OtherAgent = {
  name: 'claude-acp',
  version: '0.100.0',
  run: (command) => bash(`env ${command}`),
  declined: 'completed',
  start: async ({ origin }, folder) => {
    const home = await makeClaudeHome({ endpointUrl: origin, env: { PATH } });
    const command = binaryIn(folder, 'claude-agent-acp');
    return { agent: 'claude-acp', command, processWord: 'claude-agent-acp', home };
  },
};

const codex: OtherAgent = {
  name: 'codex-acp',
  version: '2.6.0',
  run: runEscalated,
  declined: 'interrupted',
  start: async ({ url }, folder) => {
    const home = await makeCodexHome({ endpointUrl: url });
    // by default a model of its own decides, and nobody is asked
    const env = { ...home.env, PATH, INITIAL_AGENT_MODE: 'read-only' };
    const command = binaryIn(folder, 'codex-acp');
    return { agent: 'codex-acp', command, processWord: 'bin/codex-acp', home: { ...home, env } };
  },
};

const copilot: OtherAgent = {
  name: 'copilot',
  version: '1.0.102',
  run: (command) => functionCall('bash', { command, description: 'what the test says' }),
  declined: 'completed',
  start: async ({ url }, folder) => {
    const cache = join(homedir(), '.cache', 'threadchart-test');
    await mkdir(cache, { recursive: true });
    const root = await mkdtemp(join(cache, 'copilot-'));
    const [path, workspace] = [join(root, 'user'), join(root, 'workspace')];
    await Promise.all([path, workspace].map((each) => mkdir(each)));
    const env = {
      HOME: path,
      COPILOT_HOME: join(path, '.copilot'),
      PATH,
      LANG: 'C.UTF-8',
      COPILOT_OFFLINE: 'true',
      COPILOT_AUTO_UPDATE: 'false',
      COPILOT_PROVIDER_TYPE: 'openai',
      COPILOT_PROVIDER_BASE_URL: url,
      COPILOT_PROVIDER_API_KEY: 'dummy',
      COPILOT_MODEL: 'scripted',
    };
    const remove = (): Promise<void> => rm(root, { recursive: true, force: true, maxRetries: 3 });
    const home = { path, workspace, env, remove };
    return { agent: 'copilot', command: binaryIn(folder, 'copilot'), processWord: '--acp', home };
  },
};

export const OTHER_AGENTS: readonly OtherAgent[] = [claude, codex, copilot];
