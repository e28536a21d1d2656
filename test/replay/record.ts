/**
 * Records scenarios of the real codex: `node test/replay/record.ts [--overwrite] [SCENARIO …]`; default: those that have
 * no file yet. Writes the recording and, beside it, the facts that playing it gives. Look at both before committing them.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { codexBinary } from '../agents/agents.ts';
import { recordCodex, writeNewRecording } from '../helpers/record-codex.ts';
import type { EntryFacts } from '../helpers/recorded-runtime.ts';
import { factLines, playRecording } from './play-recording.ts';
import { factsFileOf, recordingFileOf } from './recording-files.ts';
import { CODEX_SCENARIOS } from './scenarios/codex.ts';

const VERSION = '0.169.0';
const { values, positionals } = parseArgs({
  options: { overwrite: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const binary = codexBinary();
if (binary === null) throw new Error('codex is not installed: run npm run agents');
const unknown = positionals.filter((name) => CODEX_SCENARIOS.every(({ scenario }) => scenario !== name));
if (unknown.length > 0) throw new Error(`there is no scenario ${unknown.join(', ')}`);
const abort = new AbortController();
process.once('SIGINT', () => abort.abort());

/** What must not depend on the run: texts may be cut elsewhere, so deltas are left out. */
const shapeOf = (facts: readonly EntryFacts[]): string =>
  facts
    .filter(({ input }) => input !== 'provider.itemDelta')
    .map(({ thread, input, facts: drawn }) =>
      [thread, input, ...drawn.map((fact) => String(Reflect.get(Object(fact), 'type')))].join(' '),
    )
    .join('\n');

for (const scenario of CODEX_SCENARIOS) {
  const file = recordingFileOf('codex', `${VERSION}-${scenario.scenario}`);
  const isWanted = positionals.length === 0 ? !existsSync(file) : positionals.includes(scenario.scenario);
  if (!isWanted) continue;
  if (existsSync(file) && !values.overwrite) throw new Error(`${file} is there already; give --overwrite`);
  const { recording, facts: live } = await recordCodex(scenario, { binary, signal: abort.signal });
  mkdirSync(dirname(file), { recursive: true });
  writeNewRecording(file, recording, values.overwrite);
  const { facts } = await playRecording(recording);
  writeFileSync(factsFileOf(file), factLines(facts));
  if (shapeOf(facts) !== shapeOf(live)) {
    console.warn(`${file}: played, it gives other facts than while it was recorded:`);
    console.warn(`recorded:\n${shapeOf(live)}\nplayed:\n${shapeOf(facts)}`);
  }
  console.log(`${file}: ${recording.lines.length} lines, ${facts.length} entries`);
}
