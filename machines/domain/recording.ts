/** A recording: the traffic of a provider, the journal of a thread, or both, as the lines of a file. */
import { z } from 'zod';
import { commandSchema } from './command.ts';
import { threadEntrySchema } from './entry.ts';
import { settingsSchema } from './settings.ts';
import { ENTRY_FORMAT } from './upcast.ts';

/** Of the lines below. A reader refuses files of a newer one. */
export const RECORDING_FORMAT = 1;

/** Stands in a recording for the folder that a thread worked in. */
export const RECORDED_WORKSPACE = '/workspace';

/** The first line: what was recorded. */
export const recordingHeaderSchema = z.object({
  kind: z.literal('recording'),
  format: z.literal(RECORDING_FORMAT),
  /** The adapter that reads its frames. */
  driver: z.string().min(1),
  /** Of the provider; `null` where it did not say. */
  version: z.string().nullable(),
  /** A word for what happens in it; recordings of one scenario are branches of each other. */
  scenario: z.string().regex(/^[\w.-]{1,64}$/),
  title: z.string(),
  description: z.string(),
  /** Such as `linux-x64`. */
  platform: z.string(),
  /** Epoch ms. */
  recordedAt: z.number(),
});
export type RecordingHeader = z.infer<typeof recordingHeaderSchema>;

/** What a provider was asked for when a connection was opened; a playback asks for the same. */
export const openedSettingsSchema = settingsSchema.pick({
  model: true,
  options: true,
  runtimeMode: true,
  policy: true,
  interactionMode: true,
});
export type OpenedSettings = z.infer<typeof openedSettingsSchema>;

const line = <K extends string, S extends z.ZodRawShape>(kind: K, shape: S) =>
  z.object({ kind: z.literal(kind), ...shape });
/** Since the beginning of the recording. */
const atMs = z.number().nonnegative();
/** The how-manieth process of the recording, from 1. */
const processNumber = z.number().int().positive();
/** A line of the pipe: as JSON, or as its text where it is none. */
const frame = { frame: z.unknown().optional(), text: z.string().optional() };

export const recordingLineSchema = z.discriminatedUnion('kind', [
  line('spawn', { atMs, process: processNumber, command: z.string(), args: z.array(z.string()) }),
  /** From the provider. */
  line('in', { atMs, process: processNumber, ...frame }),
  /** To the provider. */
  line('out', { atMs, process: processNumber, ...frame }),
  line('err', { atMs, process: processNumber, text: z.string() }),
  /** We ended the process; its exit follows. */
  line('stop', { atMs, process: processNumber }),
  line('exit', {
    atMs,
    process: processNumber,
    code: z.number().nullable(),
    signal: z.string().nullable(),
    /** It never ran. */
    error: z.object({ message: z.string(), code: z.string().optional() }).optional(),
  }),
  line('open', { atMs, settings: openedSettingsSchema }),
  /** What a client asked for at this place of the traffic. */
  line('command', { atMs, command: commandSchema }),
  line('server', { atMs, event: z.enum(['started', 'stopped', 'killed']) }),
  /** An entry of the thread's journal. */
  line('entry', { format: z.number().int().min(1).max(ENTRY_FORMAT), entry: threadEntrySchema }),
  /** A frame of the protocol log that entries refer to. */
  line('logged', { ref: z.string(), at: z.number(), direction: z.enum(['in', 'out']), ...frame }),
  /** The last line; a file without it was torn. */
  line('end', { lineCount: z.number().int().nonnegative() }),
]);
export type RecordingLine = z.infer<typeof recordingLineSchema>;
export type RecordingLineOf<K extends RecordingLine['kind']> = Extract<RecordingLine, { kind: K }>;

/** A whole recording; its last line is left out. */
export interface Recording {
  readonly header: RecordingHeader;
  readonly lines: readonly RecordingLine[];
}
