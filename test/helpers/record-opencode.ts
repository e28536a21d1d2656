/** Records what the real opencode says in a scenario: the lines that stand for its HTTP. */
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { opencodeLineDriver, overHttp } from '../../adapters/opencode/index.ts';
import { Recorder } from '../../adapters/replay/recorder.ts';
import { startModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import { makeOpencodeHome, type OpencodeHomeOptions } from './opencode-home.ts';
import {
  abortOf,
  RecordingStage,
  type CodexScenario,
  type Recorded,
  type RecordOptions,
} from './record-codex.ts';

export interface OpencodeScenario extends Omit<CodexScenario, 'codex'> {
  readonly opencode?: Omit<OpencodeHomeOptions, 'endpointUrl'>;
}

const OPENCODE = { name: 'opencode', driver: opencodeLineDriver, over: overHttp };

/** Runs the scenario to its end. Nothing of it is left, however it ends. */
export async function recordOpencode(
  scenario: OpencodeScenario,
  { binary, signal }: RecordOptions,
): Promise<Recorded> {
  const { title, description, script, opencode } = scenario;
  const endpoint = await startModelEndpoint(script);
  const home = await makeOpencodeHome({ ...opencode, endpointUrl: endpoint.url });
  const root = dirname(home.workspace);
  const recorder = new Recorder({
    scenario: scenario.scenario,
    title,
    description,
    workspace: realpathSync(home.workspace),
    places: {
      [root]: '/home/user',
      [realpathSync(root)]: '/home/user',
      [endpoint.url]: 'http://127.0.0.1/v1',
    },
    ...(signal === undefined ? {} : { signal }),
  });
  const stage = new RecordingStage({ recorder, endpoint, home, binary, agent: OPENCODE });
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
