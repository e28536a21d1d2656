/** Recordings of a provider that does not exist, a few lines each: it is prompted by `go`, and asks with `may`. */
import { jsonRpcPlayback } from '../../adapters/shared/json-rpc-playback.ts';
import type { Recording, RecordingHeader, RecordingLine } from '../../machines/domain/recording.ts';

export const TINY_PROTOCOL = jsonRpcPlayback(['go']);

export const header = (more: Partial<RecordingHeader> = {}): RecordingHeader => ({
  kind: 'recording',
  format: 1,
  driver: 'tiny',
  version: '1.0.0',
  scenario: 'tiny',
  title: 'A tiny one',
  description: 'made for a test',
  platform: 'linux-x64',
  recordedAt: 1_800_000_000_000,
  ...more,
});

export const spawnLine = (atMs = 0, process = 1): RecordingLine => ({
  kind: 'spawn',
  atMs,
  process,
  command: 'tiny',
  args: [],
});
export const inLine = (atMs: number, frame: unknown, process = 1): RecordingLine => ({
  kind: 'in',
  atMs,
  process,
  frame,
});
export const outLine = (atMs: number, frame: unknown, process = 1): RecordingLine => ({
  kind: 'out',
  atMs,
  process,
  frame,
});

export const recordingOf = (...lines: RecordingLine[]): Recording => ({ header: header(), lines });
