/** What agents may read and write through their client. */
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DONE, fakeAcp, type FakeStep } from '../../../helpers/fake-acp.ts';

describe('files of the workspace', () => {
  const write = (path: string): FakeStep => ({
    ask: { method: 'fs/write_text_file', params: { path, content: 'new\n' } },
  });
  const read = (path: string, more: object = {}): FakeStep => ({
    ask: { method: 'fs/read_text_file', params: { path, ...more } },
  });

  it('opencode: are written and read, in parts too', async () => {
    const steps = [
      write('$CWD/made/new.txt'),
      read('$CWD/lines.txt'),
      read('$CWD/lines.txt', { line: 2, limit: 1 }),
      read('$CWD/none.txt'),
      DONE,
    ];
    const agent = await fakeAcp({ 'session/prompt': [steps] });
    await writeFile(join(agent.workspace, 'lines.txt'), 'a\nb\nc\n');
    const thread = await agent.open();
    await thread.turn('go');
    expect(await readFile(join(agent.workspace, 'made/new.txt'), 'utf8')).toBe('new\n');
    expect(agent.answers).toEqual([
      {},
      { content: 'a\nb\nc\n' },
      { content: 'b\n' },
      { code: -32_002, message: `Resource not found: ${agent.workspace}/none.txt` },
    ]);
  });

  it('are all there is: not by .., by a link, by a link to nothing, or by a zero byte', async () => {
    const paths = ['$CWD/../out.txt', '$CWD/link/out.txt', '$CWD/dangling', '/etc/hostname', '$CWD/a\0b'];
    const agent = await fakeAcp({
      'session/prompt': [[...paths.map(write), ...paths.map((path) => read(path)), DONE]],
    });
    await symlink('/tmp', join(agent.workspace, 'link'));
    await symlink('/tmp/threadchart-nothing', join(agent.workspace, 'dangling'));
    const thread = await agent.open();
    expect(await thread.turn('go')).toMatchObject({ outcome: 'completed' });
    expect(agent.answers).toHaveLength(10);
    for (const answer of agent.answers) expect(answer).toMatchObject({ code: -32_602 });
    expect(agent.answers[0]).toMatchObject({ message: expect.stringContaining('is not in the workspace') });
  });
});
