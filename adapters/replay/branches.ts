/** Recordings of one scenario that part where a person answered otherwise. */
import { isDeepStrictEqual } from 'node:util';
import type { Recording } from '../../machines/domain/recording.ts';
import type { FrameShape, PlaybackProtocol } from '../../machines/ports/provider.ts';
import { frameIn } from './frames.ts';

/** A line of a recording. */
export interface Place {
  readonly recording: Recording;
  readonly index: number;
}

export interface BranchSearch {
  /** The answer that was given. */
  readonly frame: unknown;
  readonly siblings: readonly Recording[];
  readonly protocol: PlaybackProtocol;
}

export const isSameShape = (left: FrameShape, right: FrameShape): boolean =>
  left.kind === right.kind && left.name === right.name && (left.kind !== 'answer' || left.id === right.id);

/** Where another recording has the answer that was given, after the same prompts and answers and to the same request. */
export function branchFor(place: Place, { frame, siblings, protocol }: BranchSearch): Place | null {
  const wanted = storyBefore(place, protocol);
  for (const recording of siblings) {
    for (const index of recording.lines.keys()) {
      const candidate = { recording, index };
      if (!isDeepStrictEqual(writtenAt(candidate), frame)) continue;
      if (isDeepStrictEqual(storyBefore(candidate, protocol), wanted)) return candidate;
    }
  }
  return null;
}

const writtenAt = ({ recording, index }: Place): unknown => {
  const line = recording.lines[index];
  return line?.kind === 'out' ? frameIn(line) : null;
};

/** What people were asked and said up to a place, and how often they prompted. */
function storyBefore({ recording, index }: Place, protocol: PlaybackProtocol): unknown[] {
  return recording.lines.slice(0, index).flatMap((line): unknown[] => {
    if (line.kind !== 'in' && line.kind !== 'out') return [];
    const frame = frameIn(line);
    const { kind } = protocol.shapeOf(frame);
    if (kind === 'prompt') return ['prompt'];
    const isAsked = kind === 'request' && line.kind === 'in';
    const isSaid = kind === 'answer' && line.kind === 'out';
    return isAsked || isSaid ? [withoutNumbers(frame)] : [];
  });
}

/** Times differ from run to run. */
const withoutNumbers = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (name, each: unknown) =>
    typeof each === 'number' && name !== 'id' ? 0 : each,
  );
