/** What a recording of a thread says: its header, and its journal with the raw frames that it refers to. */
import type { ThreadEntry } from '../machines/domain/entry.ts';
import { RECORDING_FORMAT, type Recording, type RecordingLine } from '../machines/domain/recording.ts';
import type { ThreadRow } from '../machines/domain/snapshot.ts';
import { ENTRY_FORMAT } from '../machines/domain/upcast.ts';
import { refsIn, type EntriesPage } from './http/entries.ts';
import type { Redact } from './redact-value.ts';

export interface Recorded {
  readonly thread: Pick<ThreadRow, 'id' | 'title' | 'instanceId'>;
  /** Of the thread. */
  readonly instance: { readonly driver: string; readonly version?: string | null | undefined } | undefined;
  readonly release: string;
  readonly redact: Redact;
  /** Of the thread's first entry. Epoch ms. */
  readonly at: number;
}

export const recordingHeader = ({
  thread,
  instance,
  release,
  redact,
  at,
}: Recorded): Recording['header'] => ({
  kind: 'recording',
  format: RECORDING_FORMAT,
  driver: instance?.driver ?? thread.instanceId,
  version: instance?.version ?? null,
  scenario: thread.id.replaceAll(/[^\w.-]/g, '-'),
  title: redact(thread.title),
  description: `thread ${thread.id}, exported by threadchart ${release}`,
  platform: `${process.platform}-${process.arch}`,
  recordedAt: at,
});

/** Each frame stands once, before the first entry that refers to it; `told` are those that stand before. */
export function recordingLines(
  entries: readonly ThreadEntry[],
  frames: EntriesPage['frames'],
  told: Set<string>,
): RecordingLine[] {
  const byRef = new Map(frames.map((frame) => [frame.ref, frame]));
  return entries.flatMap((entry): RecordingLine[] => {
    const logged = refsIn(entry.input).flatMap((ref): RecordingLine[] => {
      const found = told.has(ref) ? undefined : byRef.get(ref);
      told.add(ref);
      return found === undefined ? [] : [loggedLine(found)];
    });
    return [...logged, { kind: 'entry', format: ENTRY_FORMAT, entry }];
  });
}

const loggedLine = ({ frame, ...rest }: EntriesPage['frames'][number]): RecordingLine => ({
  kind: 'logged',
  ...rest,
  text: frame,
});
