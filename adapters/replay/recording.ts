/** The file format of recordings: one JSON document a line. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { RuntimeError } from '../../machines/domain/error.ts';
import {
  RECORDING_FORMAT,
  recordingHeaderSchema,
  recordingLineSchema,
  type Recording,
  type RecordingHeader,
  type RecordingLine,
} from '../../machines/domain/recording.ts';
import { upcast } from '../../machines/domain/upcast.ts';

/**
 * Reads a recording; `name` is how its errors call it.
 * @throws {RuntimeError} RECORDING_INVALID with `details: {file, line}` at the first line that is not as it should be
 */
export function parseRecording(text: string, name: string): Recording {
  const texts = text.split('\n');
  // a whole file ends with a newline
  const isTorn = texts.pop() !== '';
  if (texts.length === 0) throw invalid({ name, line: 1 }, 'it is empty, or its first line is torn');
  const header = headerIn(texts[0] ?? '', { name, line: 1 });
  const lines = texts.slice(1).map((each, index) => lineIn(each, { name, line: index + 2 }));
  const line = texts.length + 1;
  if (isTorn) throw invalid({ name, line }, 'the line is torn');
  const last = lines.pop();
  if (last?.kind !== 'end') throw invalid({ name, line }, 'the file ends before its end line');
  checkLines(lines, last.lineCount, name);
  return { header, lines };
}

/** @throws {RuntimeError} RECORDING_INVALID, also when the file cannot be read */
export function readRecording(path: string): Recording {
  return parseRecording(readText(path), path);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new RuntimeError('RECORDING_INVALID', `${path} cannot be read: ${String(cause)}`, {
      details: { file: path, line: null },
      cause,
    });
  }
}

/** The text of a file; redacting is the business of who recorded. */
export function formatRecording({ header, lines }: Recording): string {
  const end: RecordingLine = { kind: 'end', lineCount: lines.length };
  return [header, ...lines, end].map(formatRecordingLine).join('');
}

export const formatRecordingLine = (line: RecordingHeader | RecordingLine): string =>
  `${JSON.stringify(line)}\n`;

interface Place {
  readonly name: string;
  readonly line: number;
}

function invalid({ name, line }: Place, what: string): RuntimeError {
  return new RuntimeError('RECORDING_INVALID', `${name} line ${line}: ${what}`, {
    details: { file: name, line },
  });
}

function jsonIn(text: string, place: Place): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(place, 'it is no JSON');
  }
  const parsed = z.record(z.string(), z.unknown()).safeParse(value);
  if (!parsed.success) throw invalid(place, 'it is no JSON object');
  return parsed.data;
}

function headerIn(text: string, place: Place): RecordingHeader {
  const value = jsonIn(text, place);
  const { kind, format } = value;
  if (kind !== 'recording') throw invalid(place, 'it is not the first line of a recording');
  if (typeof format === 'number' && format > RECORDING_FORMAT) {
    throw invalid(place, `its format ${format} is newer than ${RECORDING_FORMAT}, the newest known here`);
  }
  return parse(recordingHeaderSchema, value, place);
}

function lineIn(text: string, place: Place): RecordingLine {
  return parse(recordingLineSchema, lifted(jsonIn(text, place)), place);
}

/** Entries of an older release, in the shapes of this one. */
function lifted(value: Readonly<Record<string, unknown>>): unknown {
  const { kind, format, entry } = value;
  if (kind !== 'entry' || typeof format !== 'number' || typeof entry !== 'object' || entry === null) {
    return value;
  }
  const stored = { kind: undefined, input: undefined, facts: undefined, ...entry };
  return { ...value, entry: { ...stored, ...upcast(stored, format) } };
}

function parse<S extends z.ZodType>(schema: S, value: unknown, place: Place): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw invalid(place, `${where}${issue?.message ?? 'it does not fit'}`);
}

/** What no single line shows: lines that are missing, and frames of a process that was not started. */
function checkLines(lines: readonly RecordingLine[], lineCount: number, name: string): void {
  const started = new Set<number>();
  for (const [index, line] of lines.entries()) {
    const place = { name, line: index + 2 };
    if (line.kind === 'end') throw invalid(place, 'the recording goes on after its end');
    if (line.kind === 'spawn') started.add(line.process);
    else if ('process' in line && !started.has(line.process)) {
      throw invalid(place, `process ${line.process} has not been started`);
    }
  }
  if (lineCount !== lines.length) {
    throw invalid(
      { name, line: lines.length + 2 },
      `${lineCount} lines were written, ${lines.length} are there`,
    );
  }
}
