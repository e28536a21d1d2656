/** Long-lived tokens: the one of the token file, which may do everything, and others with scopes of their own. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { customAlphabet } from 'nanoid';
import { z } from 'zod';
import { RuntimeError } from '../../machines/domain/error.ts';
import { scopeSchema, type Principal, type Scope } from '../gateway/scope.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

const TOKEN_BYTES = 32;
const FILE_TOKEN_ID = 'file';

const recordSchema = z.strictObject({
  tokenId: z.string(),
  name: z.string().max(64),
  scopes: z.array(scopeSchema).min(1),
  /** Hex; the token itself is shown once, at its creation, and kept nowhere. */
  sha256: z.string().length(64),
  createdAt: z.number(),
  /** The token by which a browser signed in: revoked with it. Absent: made on the command line. */
  issuedBy: z.string().optional(),
});
const fileSchema = z.strictObject({ format: z.literal(1), tokens: z.array(recordSchema) });
type TokenRecord = z.infer<typeof recordSchema>;

/** A token as it is listed. `createdAt` is epoch ms. */
export type TokenRow = Omit<TokenRecord, 'sha256'>;

export const tokenFileOf = (dataFolder: string): string => join(dataFolder, 'token');
const tokensFileOf = (dataFolder: string): string => join(dataFolder, 'tokens.json');

/** Small letters and digits: an id that began with a dash would be an option on a command line. */
const makeId = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', 12);

/** 32 random bytes as base64url. */
export const makeSecret = (): string => randomBytes(TOKEN_BYTES).toString('base64url');
export const sha256 = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** The token of the token file, which is made (0600) where there is none. */
export function openTokenFile(dataFolder: string): string {
  const path = tokenFileOf(dataFolder);
  const known = readPrivateFile(path)?.trim() ?? '';
  if (known !== '') return known;
  const token = makeSecret();
  writePrivateFile(path, `${token}\n`);
  return token;
}

/** Makes a token; the server takes it at once. Its text is returned here and never again. */
export function createToken(
  dataFolder: string,
  given: Pick<TokenRow, 'name' | 'createdAt' | 'issuedBy'> & { readonly scopes: readonly Scope[] },
): TokenRow & { token: string } {
  const token = makeSecret();
  const row = { ...given, scopes: [...new Set(given.scopes)], tokenId: makeId() };
  const record = recordSchema.parse({ ...row, sha256: sha256(token).toString('hex') });
  writeRecords(dataFolder, [...readRecords(dataFolder), record]);
  return { ...row, token };
}

/** Browsers that are signed in at once; the one that signed in first is signed out by one more. */
const MOST_SESSION_COUNT = 50;
export const SESSION_NAME = 'console';

/** The token of a browser: it can do what the one can by which it was signed in, and goes with it. */
export function createSession(
  dataFolder: string,
  { tokenId, scopes }: Principal,
  createdAt: number,
): TokenRow & { token: string } {
  const sessions = readRecords(dataFolder).filter(({ issuedBy }) => issuedBy !== undefined);
  for (const { tokenId: oldest } of sessions.slice(0, Math.max(0, sessions.length + 1 - MOST_SESSION_COUNT)))
    revokeToken(dataFolder, oldest);
  return createToken(dataFolder, { name: SESSION_NAME, scopes: [...scopes], createdAt, issuedBy: tokenId });
}

export function listTokens(dataFolder: string): TokenRow[] {
  return readRecords(dataFolder).map(({ sha256: _, ...row }) => row);
}

/** The server refuses the token at once, with the browsers that it signed in, and closes its sockets with 4401. @returns whether there was such a token */
export function revokeToken(dataFolder: string, tokenId: string): boolean {
  const records = readRecords(dataFolder);
  const left = records.filter((each) => each.tokenId !== tokenId && each.issuedBy !== tokenId);
  if (left.length === records.length) return false;
  writeRecords(dataFolder, left);
  return true;
}

function readRecords(dataFolder: string): TokenRecord[] {
  const path = tokensFileOf(dataFolder);
  const text = readPrivateFile(path);
  if (text === null) return [];
  try {
    return fileSchema.parse(JSON.parse(text)).tokens;
  } catch (cause) {
    throw new RuntimeError('STORE_CORRUPT', `${path} does not parse`, { details: { path }, cause });
  }
}

function writeRecords(dataFolder: string, tokens: readonly TokenRecord[]): void {
  writePrivateFile(tokensFileOf(dataFolder), `${JSON.stringify({ format: 1, tokens }, null, 2)}\n`);
}

const ALL_SCOPES: ReadonlySet<Scope> = new Set(scopeSchema.options);
/** Of the token file: whoever can read that. */
export const FILE_PRINCIPAL: Principal = { tokenId: FILE_TOKEN_ID, scopes: ALL_SCOPES };

/** The server's side: who a token stands for. Sees tokens that are made or revoked by another process. */
export class Tokens {
  readonly tokenFile: string;
  readonly #dataFolder: string;
  readonly #fileHash: Buffer;
  #records: readonly TokenRecord[] = [];
  #readAt = -1;

  constructor(dataFolder: string) {
    this.#dataFolder = dataFolder;
    this.tokenFile = tokenFileOf(dataFolder);
    this.#fileHash = sha256(openTokenFile(dataFolder));
  }

  /** Hashes are compared, in constant time and all of them, so that the time says nothing of a token. */
  authenticate(token: string): Principal | null {
    const hash = sha256(token);
    let found: Principal | null = null;
    if (timingSafeEqual(hash, this.#fileHash)) found = FILE_PRINCIPAL;
    for (const { tokenId, scopes, sha256: known } of this.#current()) {
      if (timingSafeEqual(hash, Buffer.from(known, 'hex'))) found = { tokenId, scopes: new Set(scopes) };
    }
    return found;
  }

  /** The token has not been revoked. */
  isCurrent({ tokenId }: Principal): boolean {
    return tokenId === FILE_TOKEN_ID || this.#current().some((each) => each.tokenId === tokenId);
  }

  #current(): readonly TokenRecord[] {
    const changedAt = statSync(tokensFileOf(this.#dataFolder), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (changedAt !== this.#readAt) this.#records = readRecords(this.#dataFolder);
    this.#readAt = changedAt;
    return this.#records;
  }
}
