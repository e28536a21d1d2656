/**
 * Records scenarios of a real agent: `node test/replay/record.ts [--agent NAME] [--demo] [--overwrite] [SCENARIO …]`; default:
 * those of codex that have no file yet. Writes the recording and, beside it, the facts that playing it gives; with
 * `--demo` the recordings that come with the package, without facts. With `--facts` the recordings stay, and only the
 * facts of those that are named are written anew: for a change that is meant. Look at all of it before committing.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { readRecording } from '../../adapters/replay/recording.ts';
import { claudeBinary, codexBinary, opencodeBinary } from '../agents/agents.ts';
import { GEMINI, OPENCODE } from '../helpers/record-acp.ts';
import { RECORDED_CLAUDE } from '../helpers/record-claude.ts';
import { RECORDED_CODEX } from '../helpers/record-codex.ts';
import { RECORDED_OPENCODE } from '../helpers/record-opencode.ts';
import type { EntryFacts } from '../helpers/recorded-runtime.ts';
import {
  recordScenario,
  writeNewRecording,
  type RecordedAgent,
  type Scenario,
} from '../helpers/recording-stage.ts';
import { playedLines, playRecording } from './play-recording.ts';
import { demoFileOf, factsFileOf, recordingFileOf } from './recording-files.ts';
import { ACP_SCENARIOS } from './scenarios/acp.ts';
import { CLAUDE_SCENARIOS } from './scenarios/claude.ts';
import { CODEX_SCENARIOS } from './scenarios/codex.ts';
import { DEMO_SCENARIOS } from './scenarios/demo.ts';
import { OPENCODE_SCENARIOS } from './scenarios/opencode.ts';

interface Recordable<Options> {
  readonly agent: RecordedAgent<Options>;
  readonly binary: () => string | null;
  readonly version: string;
  /** Of the recordings; default: the driver's name. */
  readonly folder?: string;
  readonly scenarios: readonly Scenario<Options>[];
}

const { values, positionals: names } = parseArgs({
  options: {
    agent: { type: 'string', default: 'codex' },
    demo: { type: 'boolean', default: false },
    overwrite: { type: 'boolean', default: false },
    facts: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const abort = new AbortController();
process.once('SIGINT', () => abort.abort());

const acpAgent = [GEMINI, OPENCODE].find(({ name }) => name === values.agent);
if (values.agent === 'claude') {
  const agent = { agent: RECORDED_CLAUDE, binary: claudeBinary, version: '2.1.329' };
  await recordAll({ ...agent, scenarios: CLAUDE_SCENARIOS });
} else if (values.agent === 'codex') {
  const agent = { agent: RECORDED_CODEX, binary: codexBinary, version: '0.169.0' };
  await recordAll({ ...agent, scenarios: values.demo ? DEMO_SCENARIOS : CODEX_SCENARIOS });
} else if (values.agent === 'opencode') {
  const agent = { agent: RECORDED_OPENCODE, binary: opencodeBinary, version: '1.18.33' };
  await recordAll({ ...agent, scenarios: OPENCODE_SCENARIOS });
} else if (acpAgent !== undefined) {
  const { name, version, recorded, binary } = acpAgent;
  const scenarios = ACP_SCENARIOS.filter(({ agent }) => agent === acpAgent);
  await recordAll({ agent: recorded, binary, version: `${name}-${version}`, folder: 'acp', scenarios });
} else throw new Error(`there is no agent ${values.agent}`);

async function recordAll<Options>(recordable: Recordable<Options>): Promise<void> {
  const { scenarios, agent, version, folder = agent.driver.driver } = recordable;
  const unknown = names.filter((name) => scenarios.every(({ scenario }) => scenario !== name));
  if (unknown.length > 0) throw new Error(`there is no scenario ${unknown.join(', ')}`);
  for (const each of scenarios) {
    const { scenario, branch } = each;
    const name = branch === undefined ? scenario : `${scenario}.${branch}`;
    const file = values.demo ? demoFileOf(name) : recordingFileOf(folder, `${version}-${name}`);
    const isWanted = names.length === 0 ? !existsSync(file) : names.includes(scenario);
    if (isWanted) await (values.facts ? playAgain(file, each) : record(file, recordable, each));
  }
}

async function playAgain(file: string, { attachments }: Pick<Scenario, 'attachments'>): Promise<void> {
  const played = await playRecording(readRecording(file), attachments);
  writeFileSync(factsFileOf(file), playedLines(played));
  console.log(`${factsFileOf(file)}: ${played.facts.length} entries`);
}

async function record<Options>(
  file: string,
  { agent, binary: find }: Recordable<Options>,
  scenario: Scenario<Options>,
): Promise<void> {
  const binary = find();
  if (binary === null) throw new Error(`${agent.driver.driver} is not installed: run npm run agents`);
  if (existsSync(file) && !values.overwrite) throw new Error(`${file} is there already; give --overwrite`);
  const { recording, facts: live } = await recordScenario(agent, scenario, { binary, signal: abort.signal });
  mkdirSync(dirname(file), { recursive: true });
  writeNewRecording(file, recording, values.overwrite);
  const played = await playRecording(recording, scenario.attachments);
  const { facts } = played;
  if (!values.demo) writeFileSync(factsFileOf(file), playedLines(played));
  if (shapeOf(facts) !== shapeOf(live)) {
    console.warn(`played, it gives other facts than while it was recorded:`);
    console.warn(`recorded:\n${shapeOf(live)}\nplayed:\n${shapeOf(facts)}`);
  }
  console.log(`${file}: ${recording.lines.length} lines, ${facts.length} entries`);
}

/** What must not depend on the run: texts may be cut elsewhere, so deltas are left out. */
function shapeOf(facts: readonly EntryFacts[]): string {
  return facts
    .filter(({ input }) => input !== 'provider.itemDelta')
    .map(({ thread, input, facts: drawn }) =>
      [thread, input, ...drawn.map((fact) => String(Reflect.get(Object(fact), 'type')))].join(' '),
    )
    .join('\n');
}
