/** `threadchart token`: who may do what. Works on the data folder, whether a server runs or not. */
import { RuntimeError } from '../../machines/domain/error.ts';
import { dataFolder, type ConfigFlags } from '../config.ts';
import { scopeSchema } from '../gateway/scope.ts';
import { createToken, listTokens, revokeToken } from '../http/tokens.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

type Flags = Pick<ConfigFlags, 'data'>;

export function listTokensCommand(flags: Flags, terminal: Terminal): ExitCode {
  const rows = listTokens(dataFolder(flags, process.env));
  for (const row of rows) terminal.print(`${row.tokenId}  ${row.scopes.join(',')}  ${row.name}`, row);
  if (rows.length === 0) terminal.note('there are none but that of the data folder');
  return EXIT_CODES.ok;
}

/** The token is shown once and kept nowhere. */
export function createTokenCommand(
  name: string,
  flags: Flags & { readonly scopes: readonly string[] },
  terminal: Terminal,
): ExitCode {
  const scopes = flags.scopes.map((given) => {
    const scope = scopeSchema.safeParse(given);
    if (scope.success) return scope.data;
    throw new RuntimeError('INVALID_PARAMS', `${given} is none of ${scopeSchema.options.join(', ')}`);
  });
  const made = createToken(dataFolder(flags, process.env), { name, scopes, createdAt: Date.now() });
  terminal.note(`token ${made.tokenId} (${made.scopes.join(', ')}); it is not shown again`);
  terminal.print(made.token, made);
  return EXIT_CODES.ok;
}

export function revokeTokenCommand(tokenId: string, flags: Flags, terminal: Terminal): ExitCode {
  if (!revokeToken(dataFolder(flags, process.env), tokenId)) {
    throw new RuntimeError('INVALID_PARAMS', `there is no token ${tokenId}`);
  }
  terminal.print(`revoked ${tokenId}`, { tokenId });
  return EXIT_CODES.ok;
}
