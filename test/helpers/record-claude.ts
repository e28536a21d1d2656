/** How claude is recorded. */
import { claudeDriver } from '../../adapters/claude/index.ts';
import { makeClaudeHome, type ClaudeHomeOptions } from './claude-home.ts';
import type { RecordedAgent, Scenario } from './recording-stage.ts';

type HomeOptions = Omit<ClaudeHomeOptions, 'endpointUrl'>;
export type ClaudeScenario = Scenario<HomeOptions>;

export const RECORDED_CLAUDE: RecordedAgent<HomeOptions> = {
  driver: claudeDriver,
  configFolder: '.claude',
  // claude asks for `/v1` itself
  makeHome: (endpointUrl, options) =>
    makeClaudeHome({ ...options, endpointUrl: endpointUrl.replace(/\/v1$/, '') }),
};
