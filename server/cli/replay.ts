/** `threadchart replay`: steps an exported thread with the charts of this release. Needs no server. */
import type { ThreadEntry } from '../../machines/domain/entry.ts';
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
  const threadCount = new Set(entries.map(({ stream }) => stream)).size;
  const of = threadCount === 1 ? '' : ` of ${threadCount} threads`;
  if (difference === null)
    terminal.print(`${entryCount} entries${of}, identical`, { entryCount, threadCount, difference });
  else terminal.print(told(difference, entries), { entryCount, threadCount, difference });
  return difference === null ? EXIT_CODES.ok : EXIT_CODES.differs;
}

function entriesIn({ lines }: Recording, file: string): ThreadEntry[] {
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

function told(difference: Difference, entries: readonly ThreadEntry[]): string {
  const { version, threadId, input, machineHash, expected, actual } = difference;
  const ownCount = entries.filter(({ stream }) => stream === threadId).length;
  const of = ownCount === entries.length ? `${ownCount}` : `${ownCount} of thread ${threadId}`;
  return [
    `entry ${version} of ${of} (${input}) comes out otherwise than with charts ${machineHash}`,
    `  expected ${JSON.stringify(expected)}`,
    `  actual   ${JSON.stringify(actual)}`,
  ].join('\n');
}
