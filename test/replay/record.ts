/**
 * Records scenarios of real agents: `node test/replay/record.ts [--agent codex|acp] [--demo] [--overwrite] [SCENARIO …]`;
 * default: those of codex that have no file yet; a scenario of ACP is called by its agent, too, as `gemini-simple`. Writes the recording and, beside it, the facts that playing it gives; with `--demo` the recordings
 * that come with the package, without facts. With `--facts` the recordings stay, and only the facts of those that are
 * named are written anew: for a change that is meant. Look at all of it before committing.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { readRecording } from '../../adapters/replay/recording.ts';
import { codexBinary } from '../agents/agents.ts';
import { recordAcp } from '../helpers/record-acp.ts';
import {
  recordCodex,
  writeNewRecording,
  type Recorded,
  type RecordOptions,
} from '../helpers/record-codex.ts';
import type { EntryFacts } from '../helpers/recorded-runtime.ts';
import { playedLines, playRecording } from './play-recording.ts';
import { demoFileOf, factsFileOf, recordingFileOf } from './recording-files.ts';
import { ACP_SCENARIOS } from './scenarios/acp.ts';
import { CODEX_SCENARIOS } from './scenarios/codex.ts';
import { DEMO_SCENARIOS } from './scenarios/demo.ts';

const CODEX_VERSION = '0.169.0';

/** A scenario as this program records it. */
interface Scenario {
  /** Its name on the command line. */
  readonly name: string;
  readonly file: string;
  record(options: Pick<RecordOptions, 'signal'>): Promise<Recorded>;
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

const all = values.agent === 'acp' ? acpScenarios() : codexScenarios();
const unknown = names.filter((name) => all.every((each) => each.name !== name));
if (unknown.length > 0) throw new Error(`there is no scenario ${unknown.join(', ')}`);
const wanted = all.filter(({ name, file }) =>
  names.length === 0 ? !existsSync(file) : names.includes(name),
);
for (const scenario of wanted) await (values.facts ? playAgain(scenario) : record(scenario));

function acpScenarios(): readonly Scenario[] {
  return ACP_SCENARIOS.map((each) => {
    const { driver, version } = each.agent;
    const file = recordingFileOf('acp', `${driver}-${version}-${each.scenario}`);
    return { name: `${driver}-${each.scenario}`, file, record: (options) => recordAcp(each, options) };
  });
}

function codexScenarios(): readonly Scenario[] {
  return (values.demo ? DEMO_SCENARIOS : CODEX_SCENARIOS).map((each) => {
    const name = each.branch === undefined ? each.scenario : `${each.scenario}.${each.branch}`;
    const file = values.demo ? demoFileOf(name) : recordingFileOf('codex', `${CODEX_VERSION}-${name}`);
    const binary = codexBinary();
    if (binary === null) throw new Error('codex is not installed: run npm run agents');
    return { name: each.scenario, file, record: (options) => recordCodex(each, { binary, ...options }) };
  });
}

async function playAgain({ file }: Scenario): Promise<void> {
  const played = await playRecording(readRecording(file));
  writeFileSync(factsFileOf(file), playedLines(played));
  console.log(`${factsFileOf(file)}: ${played.facts.length} entries`);
}

async function record(scenario: Scenario): Promise<void> {
  const { file } = scenario;
  if (existsSync(file) && !values.overwrite) throw new Error(`${file} is there already; give --overwrite`);
  const { recording, facts: live } = await scenario.record({ signal: abort.signal });
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
