import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRecording } from '../../adapters/replay/recording.ts';
import { playedLines, playRecording } from './play-recording.ts';
import { factsFileOf, recordingFiles } from './recording-files.ts';
import { CODEX_SCENARIOS } from './scenarios/codex.ts';

const files = recordingFiles('codex');
const named = files.map((file) => [basename(file), file] as const);
const MAX_SIZE_BYTES = 60_000;

/** What must be there, so that none is lost with its recording. */
const REQUIRED = [
  ['simple', 'multi-turn', 'steer', 'steer-in-command', 'second-submit', 'queue', 'question'],
  ['plan-update', 'plan-mode', 'todo', 'web-search', 'image', 'compaction', 'background-command'],
  ['command-accepted', 'command-declined', 'command-cancelled', 'command-for-session'],
  ['patch-accepted', 'patch-declined', 'patch-cancelled', 'two-approvals'],
  ['mcp-call', 'mcp-approval', 'mcp-elicitation'],
  ['interrupt-streaming', 'interrupt-command', 'interrupt-approval'],
  ['interrupt-opening', 'interrupt-before-start'],
  ['error-500-recovers', 'error-500', 'error-401', 'error-429', 'error-quota', 'error-overloaded'],
  ['error-context', 'stream-dropped', 'endpoint-down', 'endpoint-down-bounded'],
  ['killed-streaming', 'killed-command', 'killed-approval'],
  ['resume', 'restart-streaming', 'stop-command', 'archive-active', 'two-threads'],
  ['goal', 'steer-by-restart', 'sub-agent', 'compaction-by-hand', 'fork'],
].flat();

/** Folders that may stand in a recording: of the places that are put in, and of any Linux. */
const KNOWN_FOLDER = /^\/(?:home\/user|workspace|attachments|bin|dev|usr)(?:\/|$)/;
const FOLDER = /(?<![\w./<~$-])\/[a-zA-Z][\w.-]*(?:\/[\w.-]+)+/g;
const PRIVATE = [/127\.0\.0\.1:\d/, /\bsk-[\w-]{8}/, /bearer /i, /-----BEGIN/];

describe('recordings of codex', () => {
  it('are there for every scenario, and for no other', () => {
    const recorded = new Set(files.map((file) => readRecording(file).header.scenario));
    expect([...recorded].toSorted()).toEqual(CODEX_SCENARIOS.map(({ scenario }) => scenario).toSorted());
  });

  it('are those that there have to be', () => {
    expect(CODEX_SCENARIOS.map(({ scenario }) => scenario).toSorted()).toEqual(REQUIRED.toSorted());
  });

  it.each(named)('%s is small, and tells nothing of where it was made', (_, file) => {
    const content = readFileSync(file, 'utf8');
    expect(Buffer.byteLength(content)).toBeLessThan(MAX_SIZE_BYTES);
    const folders = [...content.matchAll(FOLDER)].map(([folder]) => folder);
    expect(folders.filter((folder) => !KNOWN_FOLDER.test(folder))).toEqual([]);
    expect(PRIVATE.filter((pattern) => pattern.test(content))).toEqual([]);
  });

  it.each(named)('%s gives the facts and the refusals beside it', async (_, file) => {
    const recording = readRecording(file);
    const played = await playRecording(recording);
    const expected = readFileSync(factsFileOf(file), 'utf8').trimEnd().split('\n');
    expect(playedLines(played).trimEnd().split('\n')).toEqual(expected);
    const open = played.left.flatMap(({ items }) => items.filter(({ status }) => status === 'open'));
    expect([open, played.left.filter(({ openRequestCount }) => openRequestCount > 0)]).toEqual([[], []]);
    const scenario = CODEX_SCENARIOS.find((each) => each.scenario === recording.header.scenario);
    expect(played.refusals.filter((code) => code !== null)).toEqual(scenario?.refusals ?? []);
  });
});
