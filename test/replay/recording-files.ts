import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A folder for each provider. */
export const RECORDINGS = join(import.meta.dirname, 'recordings');
const ENDING = '.ndjson';
const FACTS_ENDING = '.facts.ndjson';

export const recordingFileOf = (driver: string, name: string): string =>
  join(RECORDINGS, driver, `${name}${ENDING}`);

/** A recording that comes with the package. */
export const demoFileOf = (name: string): string =>
  join(import.meta.dirname, '..', '..', 'adapters', 'replay', 'demo', `${name}${ENDING}`);

/** The facts that the recording gives, an entry a line. */
export const factsFileOf = (file: string): string => file.replace(/\.ndjson$/, FACTS_ENDING);

/** Every recording of a provider. */
export function recordingFiles(driver: string): string[] {
  const names = readdirSync(join(RECORDINGS, driver)).toSorted();
  return names
    .filter((name) => name.endsWith(ENDING) && !name.endsWith(FACTS_ENDING))
    .map((name) => join(RECORDINGS, driver, name));
}
