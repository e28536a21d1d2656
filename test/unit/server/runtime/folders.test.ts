import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Folders, NO_FOLDERS } from '../../../../server/runtime/folders.ts';
import { usingTempFolder } from '../../../helpers/using-temp-folder.ts';

describe('the folders that clients may look at', () => {
  it('are listed by name, without files and hidden ones, repositories marked', async () => {
    const root = usingTempFolder();
    for (const name of ['beta/.git', 'alpha', '.hidden']) mkdirSync(join(root, name), { recursive: true });
    writeFileSync(join(root, 'file.txt'), '');
    expect(await new Folders([root]).list(null)).toEqual({
      path: root,
      parent: null,
      roots: [root],
      folders: [
        { name: 'alpha', path: join(root, 'alpha'), isRepository: false },
        { name: 'beta', path: join(root, 'beta'), isRepository: true },
      ],
      truncated: false,
    });
    expect(await new Folders([root]).list(join(root, 'beta'))).toMatchObject({ parent: root, folders: [] });
  });

  it('say that there are more than are listed', async () => {
    const root = usingTempFolder();
    for (let number = 0; number < 501; number += 1) mkdirSync(join(root, `folder-${number}`));
    const read = await new Folders([root]).list(null);
    expect([read.folders.length, read.truncated]).toEqual([500, true]);
  });

  it('are those inside the roots, whatever way is tried', async () => {
    const [root, outside] = [usingTempFolder(), usingTempFolder()];
    mkdirSync(join(root, 'inside'));
    symlinkSync(outside, join(root, 'link'));
    const folders = new Folders([root]);
    const ways = [
      outside,
      dirname(root),
      '/',
      join(root, '..'),
      join(root, 'inside/../..'),
      `${root}x`,
      join(root, 'link'),
    ];
    for (const way of ways) await expect(folders.list(way)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(folders.list(join(outside, 'missing'))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(folders.list(join(root, 'missing'))).rejects.toMatchObject({ code: 'WORKSPACE_NOT_FOUND' });
    await expect(NO_FOLDERS.list(null)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('follow a root that is a link to where it leads', async () => {
    const [real, base] = [usingTempFolder(), usingTempFolder()];
    mkdirSync(join(real, 'project'));
    symlinkSync(real, join(base, 'link'));
    const folders = new Folders([join(base, 'link')]);
    expect(await folders.list(join(base, 'link', 'project'))).toMatchObject({
      path: join(real, 'project'),
      parent: real,
    });
  });
});
