/** `threadchart compact`: removes what is not needed any more, and writes the database anew without the room of it. */
import { RuntimeError } from '../../machines/domain/error.ts';
import type { CliParts } from '../cli.ts';
import type { ConfigFlags } from '../config.ts';
import { removeAttachment } from '../http/attachments.ts';
import { purgeNow } from '../runtime/purge.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { withOwnStore } from './own-store.ts';
import type { Terminal } from './terminal.ts';

const ROWS_AT_ONCE = 4_096;

type Parts = Pick<CliParts, 'adapters'> & { readonly terminal: Terminal };

export function compactCommand(flags: ConfigFlags, parts: Parts): ExitCode {
  const result = withStoppedServer(() =>
    withOwnStore(flags, parts, (journal, { data }) => {
      purgeNow(journal, [], (id) => removeAttachment(data, id));
      while (!journal.prune(ROWS_AT_ONCE, Infinity).isDone);
      return journal.compact();
    }),
  );
  parts.terminal.print(`${result.beforeBytes} bytes before, ${result.afterBytes} bytes after`, result);
  return EXIT_CODES.ok;
}

function withStoppedServer<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof RuntimeError) || cause.code !== 'STORE_LOCKED') throw cause;
    const message = `${cause.message}; stop it first: while it runs it prunes by itself, and only the file stays as long as it is`;
    throw new RuntimeError('STORE_LOCKED', message, { cause });
  }
}
