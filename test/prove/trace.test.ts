/** The shortest way to a fault, saved as a recording, shows to who replays it where the shipped charts go another way. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readRecording } from '../../adapters/replay/recording.ts';
import { EXIT_CODES } from '../../server/cli/exit-codes.ts';
import { CliRun } from '../helpers/cli-run.ts';
import { WORLD } from '../helpers/given.ts';
import { startServer } from '../helpers/start-server.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { prove } from '../model/prove.ts';
import { FAULTS } from './faults.ts';
import { differenceIn, saveTrace, traceOf } from './trace.ts';

/** Fault → what its recording says, at which entry, and what the shipped charts say. */
const SEEN: readonly (readonly [fault: string, entry: string, ours: RegExp])[] = [
  ['no deadline for opening', 'entry 3 of 4 (connection.openTimedOut)', /actual .*OPEN_TIMED_OUT/],
  ['a turn ends twice', 'entry 3 of 5 (turn.interrupt)', /expected .*turn\.ended.*turn\.ended/],
  ['an accepted command leaves no trace', 'entry 2 of 3 (turn.interrupt)', /actual .*command\.noEffect/],
  ['silence is not watched', 'thread.based', /actual .*turn\.stalled/],
];

const traces = SEEN.map(([name, entry, ours]) => {
  const fault = FAULTS.find((each) => each.name === name);
  if (fault === undefined) throw new Error(`no fault ${name}`);
  const { machines } = fault.mutate(WORLD);
  const way = prove(fault.bounds, { machines, until: fault.rule }).ways.get(fault.rule);
  if (way === undefined) throw new Error(`${name} is not found`);
  return { fault: name, trace: traceOf(fault, way), entry, ours };
});

describe('the recording of a fault', () => {
  it.each(traces)(
    'shows $fault at the first entry that differs',
    { timeout: 30_000 },
    async ({ trace, entry, ours }) => {
      const folder = makeTempFolder();
      const file = saveTrace(folder.path, trace);
      expect(readdirSync(folder.path)).toEqual([`${trace.header.scenario}.ndjson`]);
      expect(readRecording(file)).toEqual(JSON.parse(JSON.stringify(trace)));
      expect(differenceIn(readRecording(file))).not.toBeNull();
      const run = new CliRun(await startServer(), ['replay', file]);
      expect(await run.code).toBe(EXIT_CODES.differs);
      expect(run.out).toContain(entry);
      expect(run.out).toMatch(ours);
      folder.remove();
    },
  );
});
