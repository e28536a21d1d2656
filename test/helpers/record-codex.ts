/** How codex is recorded. */
import { codexDriver } from '../../adapters/codex/index.ts';
import { makeCodexHome, type CodexHomeOptions } from './codex-home.ts';
import type { RecordedAgent, Scenario } from './recording-stage.ts';

type HomeOptions = Omit<CodexHomeOptions, 'endpointUrl'>;
export type CodexScenario = Scenario<HomeOptions>;

export const RECORDED_CODEX: RecordedAgent<HomeOptions> = {
  driver: codexDriver,
  configFolder: '.codex',
  makeHome: (endpointUrl, options) => makeCodexHome({ ...options, endpointUrl }),
};
