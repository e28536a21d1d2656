import { describe, expect, it } from 'vitest';
import { formatRecording, parseRecording, readRecording } from '../../../../adapters/replay/recording.ts';
import { RuntimeError } from '../../../../machines/domain/error.ts';
import type { Recording } from '../../../../machines/domain/recording.ts';
import { header, inLine, outLine, spawnLine } from '../../../helpers/tiny-recording.ts';

const RECORDING: Recording = {
  header: header(),
  lines: [spawnLine(), outLine(1, { id: 1, method: 'ask' }), inLine(2, { id: 1, result: {} })],
};
const TEXT = formatRecording(RECORDING);
const LINES = TEXT.trimEnd().split('\n');

/** The text with one of its lines, from 1, replaced or left out. */
const withLine = (line: number, text: string | null): string =>
  [...LINES.slice(0, line - 1), ...(text === null ? [] : [text]), ...LINES.slice(line)]
    .map((each) => `${each}\n`)
    .join('');

function errorOf(text: string): RuntimeError {
  try {
    parseRecording(text, 'file.ndjson');
  } catch (error) {
    if (error instanceof RuntimeError) return error;
    throw error;
  }
  throw new Error('it was read');
}

describe('a recording', () => {
  it('is read as it was written', () => {
    expect(parseRecording(TEXT, 'file.ndjson')).toEqual(RECORDING);
  });

  it.each([
    ['an empty file', '', 1, 'it is empty'],
    ['a torn header', LINES[0]?.slice(0, 20) ?? '', 1, 'torn'],
    ['another first line', withLine(1, '{"kind":"in"}'), 1, 'not the first line'],
    [
      'a newer format',
      withLine(1, JSON.stringify({ ...header(), format: 2 })),
      1,
      'format 2 is newer than 1',
    ],
    [
      'a header without a driver',
      withLine(1, JSON.stringify({ ...header(), driver: undefined })),
      1,
      'driver',
    ],
    ['a line that is no JSON', withLine(3, 'what?'), 3, 'no JSON'],
    ['a line that is no object', withLine(3, '[1]'), 3, 'no JSON object'],
    ['an unknown kind', withLine(3, '{"kind":"song","atMs":1}'), 3, 'kind'],
    ['a field of another type', withLine(3, '{"kind":"in","atMs":"soon","process":1}'), 3, 'atMs'],
    ['a frame of no process', withLine(3, '{"kind":"in","atMs":1,"process":2}'), 3, 'process 2'],
    ['a torn last line', TEXT.slice(0, -5), 5, 'torn'],
    ['a missing end', withLine(5, null), 5, 'ends before its end line'],
    ['a missing line', withLine(4, null), 4, '3 lines were written, 2 are there'],
    ['something after its end', `${TEXT}${LINES[4]}\n`, 5, 'goes on after its end'],
    ['an entry of a newer release', withLine(4, '{"kind":"entry","format":99,"entry":{}}'), 4, 'format'],
  ])('is refused for %s, with the line', (...[, text, line, what]) => {
    const { code, message, details } = errorOf(text);
    expect({ code, details }).toEqual({
      code: 'RECORDING_INVALID',
      details: { file: 'file.ndjson', line },
    });
    expect(message).toContain(`file.ndjson line ${line}: `);
    expect(message).toContain(what);
  });

  it('is refused where there is no file', () => {
    expect(() => readRecording('/nowhere/a.ndjson')).toThrow('/nowhere/a.ndjson cannot be read');
  });
});
