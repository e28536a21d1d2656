/** `threadchart replay`: steps an exported thread with the charts of this release. Needs no server. */
import { RuntimeError } from '../../machines/domain/error.ts';
import type { Recording } from '../../machines/domain/recording.ts';
import { replayEntries, type Difference } from '../../machines/replay.ts';
import type { CliParts } from '../cli.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

export function replayCommand(
  file: string,
  { adapters }: Pick<CliParts, 'adapters'>,
  terminal: Terminal,
): ExitCode {
  const entries = entriesIn(adapters.recordings.read(file), file);
  const { entryCount, difference } = replayEntries(entries);
  if (difference === null) terminal.print(`${entryCount} entries, identical`, { entryCount, difference });
  else terminal.print(told(difference, entryCount), { entryCount, difference });
  return difference === null ? EXIT_CODES.ok : EXIT_CODES.differs;
}

function entriesIn({ lines }: Recording, file: string) {
  const entries = lines.flatMap((line) => (line.kind === 'entry' ? [line.entry] : []));
  if (entries.length > 0) return entries;
  throw new RuntimeError(
    'RECORDING_INVALID',
    `${file} line 1: it has no journal, only traffic of a provider`,
    {
      details: { file, line: 1 },
    },
  );
}

const told = ({ version, input, machineHash, expected, actual }: Difference, entryCount: number): string =>
  [
    `entry ${version} of ${entryCount} (${input}) comes out otherwise than with charts ${machineHash}`,
    `  expected ${JSON.stringify(expected)}`,
    `  actual   ${JSON.stringify(actual)}`,
  ].join('\n');
