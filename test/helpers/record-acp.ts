/** Records what real agents say over ACP in a scenario. */
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { acpDrivers } from '../../adapters/acp/index.ts';
import { Recorder } from '../../adapters/replay/recorder.ts';
import { startModelEndpoint, type ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import { GEMINI_TOOLS, geminiAgent, OPENCODE_TOOLS, opencodeAgent, type AgentTools } from './acp-agents.ts';
import type { LiveAgent } from './live-server.ts';
import {
  abortOf,
  RecordingStage,
  type CodexScenario,
  type Recorded,
  type RecordOptions,
} from './record-codex.ts';

/** An agent that is recorded. */
export interface AcpAgent {
  /** Of its driver. */
  readonly driver: string;
  readonly version: string;
  readonly tools: AgentTools;
  start(endpoint: ModelEndpoint): Promise<LiveAgent>;
}

export const GEMINI: AcpAgent = {
  driver: 'gemini',
  version: '0.61.0',
  tools: GEMINI_TOOLS,
  start: geminiAgent,
};
export const OPENCODE: AcpAgent = {
  driver: 'opencode-acp',
  version: '1.18.33',
  tools: OPENCODE_TOOLS,
  start: opencodeAgent,
};

export interface AcpScenario extends Omit<CodexScenario, 'codex'> {
  readonly agent: AcpAgent;
}

/** Runs the scenario to its end. Nothing of it is left, however it ends. */
export async function recordAcp(
  scenario: AcpScenario,
  { signal }: Pick<RecordOptions, 'signal'>,
): Promise<Recorded> {
  const { title, description, script, agent } = scenario;
  const endpoint = await startModelEndpoint(script);
  const { home, command } = await agent.start(endpoint);
  const root = dirname(home.workspace);
  const recorder = new Recorder({
    scenario: scenario.scenario,
    title,
    description,
    workspace: realpathSync(home.workspace),
    places: {
      [root]: '/home/user',
      [realpathSync(root)]: '/home/user',
      [endpoint.origin]: 'http://127.0.0.1',
    },
    ...(signal === undefined ? {} : { signal }),
  });
  const driver = acpDrivers.find((each) => each.driver === agent.driver);
  if (driver === undefined || command === null) throw new Error(`${agent.driver} is not installed`);
  const recorded = { name: agent.driver, driver };
  const stage = new RecordingStage({ recorder, endpoint, home, binary: command, agent: recorded });
  const aborted = abortOf(signal);
  aborted.catch(() => undefined);
  try {
    await stage.start();
    await Promise.race([scenario.play(stage), aborted]);
    await stage.stop();
    return { recording: recorder.recording(), facts: stage.server.facts() };
  } finally {
    endpoint.releaseAll();
    await recorder.abort();
    await stage.close();
    await endpoint.close();
    await home.remove();
  }
}
