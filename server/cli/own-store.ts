/** The store of a data folder on which no server runs. */
import { nanoid } from 'nanoid';
import type { Journal } from '../../machines/ports/journal.ts';
import type { CliParts } from '../cli.ts';
import { loadConfig, type Config, type ConfigFlags } from '../config.ts';

/** @throws {RuntimeError} STORE_LOCKED while a server uses the folder; what `openJournal` throws */
export function withOwnStore<Result>(
  flags: ConfigFlags,
  { adapters }: Pick<CliParts, 'adapters'>,
  use: (journal: Journal, config: Config) => Result,
): Result {
  const config = loadConfig(flags, process.env);
  const journal = adapters.openJournal(config, () => nanoid(12));
  try {
    return use(journal, config);
  } finally {
    journal.close();
  }
}
