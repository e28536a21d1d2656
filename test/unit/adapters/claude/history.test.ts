import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cutAfter, hasMessages, readHistory, type Entry } from '../../../../adapters/claude/history.ts';
import { makeTempFolder, type TempFolder } from '../../../helpers/temp-folder.ts';

const SESSION = '11111111-2222-4333-8444-555555555555';

let folder: TempFolder;
beforeEach(() => {
  folder = makeTempFolder();
});
afterEach(() => folder.remove());

const message = (type: string, [uuid, parentUuid]: Place, content: unknown = 'text'): Entry => ({
  type,
  uuid,
  parentUuid,
  message: { content },
});
type Place = readonly [uuid: string, after: string | null];
const prompt = (...place: Place): Entry => message('user', place);
const reply = (...place: Place): Entry => message('assistant', place, []);

const THREE = [
  prompt('p1', null),
  reply('r1', 'p1'),
  prompt('p2', 'r1'),
  message('user', ['tool', 'p2'], [{ type: 'tool_result' }]),
  reply('r2', 'tool'),
  prompt('p3', 'r2'),
  reply('r3', 'p3'),
];

it('cuts after the last message of a turn, before the next prompt', () => {
  expect(cutAfter(THREE, 'p1')).toEqual({ at: 'r1', dropped: 'p2' });
  expect(cutAfter(THREE, 'p2')).toEqual({ at: 'r2', dropped: 'p3' });
  expect(cutAfter(THREE, 'p3')).toEqual({ at: 'r3', dropped: null });
});

it('knows what was cut before, and nothing of what was dropped then', () => {
  const cut = [...THREE, prompt('p4', 'r1'), reply('r4', 'p4')];
  expect(cutAfter(cut, 'p1')).toEqual({ at: 'r1', dropped: 'p4' });
  expect(cutAfter(cut, 'p2')).toBeNull();
});

it('goes on over a compaction', () => {
  const boundary: Entry = { type: 'system', uuid: 'b', parentUuid: null, logicalParentUuid: 'r1' };
  const entries = [...THREE.slice(0, 2), boundary, prompt('p2', 'b'), reply('r2', 'p2')];
  expect(cutAfter(entries, 'p1')).toEqual({ at: 'r1', dropped: 'p2' });
});

it('has no place after a turn that is not there, or has said nothing', () => {
  expect(cutAfter(THREE, 'none')).toBeNull();
  expect(cutAfter([prompt('p1', null)], 'p1')).toBeNull();
});

it('reads the main thread, and leaves out a line that was being written', async () => {
  const path = join(folder.path, 'projects', 'any');
  mkdirSync(path, { recursive: true });
  const lines = [...THREE.slice(0, 2), { ...reply('side', 'r1'), isSidechain: true }].map((each) =>
    JSON.stringify(each),
  );
  writeFileSync(join(path, `${SESSION}.jsonl`), `${lines.join('\n')}\n{"type":"us`);
  const env = { CLAUDE_CONFIG_DIR: folder.path };
  expect((await readHistory(env, SESSION))?.map(({ uuid }) => uuid)).toEqual(['p1', 'r1']);
  expect(await readHistory(env, SESSION.replace('1', '2'))).toBeNull();
  expect(await readHistory(env, '../secrets')).toBeNull();
});

it('knows what claude could not go on with', () => {
  expect(hasMessages(THREE)).toBe(true);
  expect([hasMessages(null), hasMessages([]), hasMessages([{ type: 'queue-operation' }])]).toEqual([
    false,
    false,
    false,
  ]);
});
