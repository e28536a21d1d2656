/**
 * Records scenarios of a real agent: `node test/replay/record.ts [--agent codex|opencode] [--demo] [--overwrite]
 * [SCENARIO …]`; default: those of codex that have no file yet. Writes the recording and, beside it, the facts that playing it gives; with `--demo` the recordings
 * that come with the package, without facts. With `--facts` the recordings stay, and only the facts of those that are
 * named are written anew: for a change that is meant. Look at all of it before committing.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { readRecording } from '../../adapters/replay/recording.ts';
import { codexBinary, opencodeBinary } from '../agents/agents.ts';
import {
  recordCodex,
  writeNewRecording,
  type Recorded,
  type RecordOptions,
} from '../helpers/record-codex.ts';
import { recordOpencode } from '../helpers/record-opencode.ts';
import type { EntryFacts } from '../helpers/recorded-runtime.ts';
import { playedLines, playRecording } from './play-recording.ts';
import { demoFileOf, factsFileOf, recordingFileOf } from './recording-files.ts';
import { CODEX_SCENARIOS } from './scenarios/codex.ts';
import { DEMO_SCENARIOS } from './scenarios/demo.ts';
import { OPENCODE_SCENARIOS } from './scenarios/opencode.ts';

interface Scenario {
  readonly scenario: string;
  readonly branch?: string;
}

interface Agent {
  readonly version: string;
  readonly binary: string | null;
  readonly scenarios: readonly (Scenario & {
    readonly record: (options: RecordOptions) => Promise<Recorded>;
  })[];
}

const codexScenarios = (isDemo: boolean): Agent['scenarios'] =>
  (isDemo ? DEMO_SCENARIOS : CODEX_SCENARIOS).map((each) => ({
    ...each,
    record: (options) => recordCodex(each, options),
  }));

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

const AGENTS: Readonly<Record<string, Agent>> = {
  codex: { version: '0.169.0', binary: codexBinary(), scenarios: codexScenarios(values.demo) },
  opencode: {
    version: '1.18.33',
    binary: opencodeBinary(),
    scenarios: OPENCODE_SCENARIOS.map((each) => ({
      ...each,
      record: (options) => recordOpencode(each, options),
    })),
  },
};
const agent = AGENTS[values.agent];
if (agent === undefined) throw new Error(`there are no scenarios of ${values.agent}`);
const { version, binary, scenarios: all } = agent;
const unknown = names.filter((name) => all.every(({ scenario }) => scenario !== name));
if (unknown.length > 0) throw new Error(`there is no scenario ${unknown.join(', ')}`);
const wanted = all.filter((each) =>
  names.length === 0 ? !existsSync(fileOf(each)) : names.includes(each.scenario),
);
for (const scenario of wanted) await (values.facts ? playAgain(scenario) : record(scenario));

function fileOf({ scenario, branch }: Scenario): string {
  const name = branch === undefined ? scenario : `${scenario}.${branch}`;
  return values.demo ? demoFileOf(name) : recordingFileOf(values.agent, `${version}-${name}`);
}

async function playAgain(scenario: Scenario): Promise<void> {
  const file = fileOf(scenario);
  const played = await playRecording(readRecording(file));
  writeFileSync(factsFileOf(file), playedLines(played));
  console.log(`${factsFileOf(file)}: ${played.facts.length} entries`);
}

async function record(scenario: Agent['scenarios'][number]): Promise<void> {
  const file = fileOf(scenario);
  if (binary === null) throw new Error(`${values.agent} is not installed: run npm run agents`);
  if (existsSync(file) && !values.overwrite) throw new Error(`${file} is there already; give --overwrite`);
  const { recording, facts: live } = await scenario.record({ binary, signal: abort.signal });
  mkdirSync(dirname(file), { recursive: true });
  writeNewRecording(file, recording, values.overwrite);
  const played = await playRecording(recording);
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
