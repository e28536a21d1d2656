import { realpathSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { makeTempFolder } from './temp-folder.ts';

/** A new empty folder that is removed when the test is over. */
export function usingTempFolder(): string {
  const folder = makeTempFolder();
  onTestFinished(() => folder.remove());
  return realpathSync(folder.path);
}
