import type { RecordingLine } from '../../machines/domain/recording.ts';

/** A line of the pipe. */
export type Pipe = Extract<RecordingLine, { kind: 'in' | 'out' }>;

/** What a line of a pipe holds: JSON, or the text where it is none. */
export function frameOf(text: string): unknown {
  try {
    const frame: unknown = JSON.parse(text);
    // a text that JSON would not give back as it was is kept as it is
    return typeof frame === 'object' && frame !== null && JSON.stringify(frame) === text ? frame : text;
  } catch {
    return text;
  }
}

export const frameIn = (line: RecordingLine | undefined): unknown =>
  line?.kind === 'in' || line?.kind === 'out' ? (line.frame ?? line.text ?? '') : null;

/** As it stands in a recording. */
export const pipeOf = (text: string): { frame: unknown } | { text: string } => {
  const frame = frameOf(text);
  return typeof frame === 'string' ? { text: frame } : { frame };
};
