/** A look at the disk that spares the processes: most folders that are no repository have nothing of one above them. */
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** `false`: git would find nothing from there. `true`: it may. */
export async function mayBeRepository(cwd: string): Promise<boolean> {
  for (let folder = cwd; ; folder = dirname(folder)) {
    // a bare repository has its files in the folder itself
    if ((await exists(join(folder, '.git'))) || (await exists(join(folder, 'HEAD')))) return true;
    if (folder === dirname(folder)) return false;
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
