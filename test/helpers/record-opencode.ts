/** How opencode is recorded: the lines that stand for its HTTP. */
import { opencodeOverLines, overHttp } from '../../adapters/opencode/index.ts';
import { makeOpencodeHome, type OpencodeHomeOptions } from './opencode-home.ts';
import type { RecordedAgent, Scenario } from './recording-stage.ts';

type HomeOptions = Omit<OpencodeHomeOptions, 'endpointUrl'>;
export type OpencodeScenario = Scenario<HomeOptions>;

export const RECORDED_OPENCODE: RecordedAgent<HomeOptions> = {
  driver: opencodeOverLines,
  configFolder: 'data',
  over: overHttp,
  makeHome: (endpointUrl, options) => makeOpencodeHome({ ...options, endpointUrl }),
};
