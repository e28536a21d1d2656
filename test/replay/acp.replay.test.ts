import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRecording } from '../../adapters/replay/recording.ts';
import { playedLines, playRecording } from './play-recording.ts';
import { factsFileOf, recordingFileOf, recordingFiles } from './recording-files.ts';
import { ACP_SCENARIOS } from './scenarios/acp.ts';

const files = recordingFiles('acp');
const named = files.map((file) => [basename(file), file] as const);
const MAX_SIZE_BYTES = 60_000;

/** Folders that may stand in a recording: of the places that are put in, and of any Linux. */
const KNOWN_FOLDER = /^\/(?:home\/user|workspace|bin|dev|usr)(?:\/|$)/;
const FOLDER = /(?<![\w./<~$:-])\/[a-zA-Z][\w.-]*(?:\/[\w.-]+)+/g;
const PRIVATE = [/127\.0\.0\.1:\d/, /\bsk-[\w-]{8}/, /bearer /i, /-----BEGIN/];

describe('recordings of agents that speak ACP', () => {
  it('are there for every scenario, and for no other', () => {
    const expected = ACP_SCENARIOS.map(({ agent: { name, version }, scenario }) =>
      recordingFileOf('acp', `${name}-${version}-${scenario}`),
    );
    expect(files.toSorted()).toEqual(expected.toSorted());
    expect(files.length).toBeGreaterThanOrEqual(10);
  });

  it.each(named)('%s is small, and tells nothing of where it was made', (_, file) => {
    const content = readFileSync(file, 'utf8');
    expect(Buffer.byteLength(content)).toBeLessThan(MAX_SIZE_BYTES);
    const folders = [...content.matchAll(FOLDER)].map(([folder]) => folder);
    expect(folders.filter((folder) => !KNOWN_FOLDER.test(folder))).toEqual([]);
    expect(PRIVATE.filter((pattern) => pattern.test(content))).toEqual([]);
  });

  it.each(named)('%s gives the facts beside it', async (_, file) => {
    const played = await playRecording(readRecording(file));
    const expected = readFileSync(factsFileOf(file), 'utf8').trimEnd().split('\n');
    expect(playedLines(played).trimEnd().split('\n')).toEqual(expected);
    const open = played.left.flatMap(({ items }) => items.filter(({ status }) => status === 'open'));
    expect([open, played.left.filter(({ openRequestCount }) => openRequestCount > 0)]).toEqual([[], []]);
    expect(played.refusals.filter((code) => code !== null)).toEqual([]);
  });
});
