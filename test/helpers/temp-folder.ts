import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TempFolder {
  readonly path: string;
  remove(): void;
}

/** A new empty folder. The caller removes it. */
export function makeTempFolder(): TempFolder {
  const path = mkdtempSync(join(tmpdir(), 'threadchart-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
