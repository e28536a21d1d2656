/** A look at the disk that spares the processes: most folders that are no repository have nothing of one above them. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** `false`: git would find nothing from there. `true`: it may. Waits for the disk: a look costs a tenth of a promise of it. */
export function mayBeRepository(cwd: string): boolean {
  for (let folder = cwd; ; folder = dirname(folder)) {
    // a bare repository has its files in the folder itself
    if (existsSync(join(folder, '.git')) || existsSync(join(folder, 'HEAD'))) return true;
    if (folder === dirname(folder)) return false;
  }
}
