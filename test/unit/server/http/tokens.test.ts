import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RuntimeError } from '../../../../machines/domain/error.ts';
import { Tickets } from '../../../../server/http/tickets.ts';
import {
  createToken,
  listTokens,
  openTokenFile,
  revokeToken,
  Tokens,
  tokenFileOf,
} from '../../../../server/http/tokens.ts';

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'threadchart-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('the token file', () => {
  it('is made at the first start and kept at the next', () => {
    const folder = makeFolder();
    const token = openTokenFile(folder);
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(modeOf(tokenFileOf(folder))).toBe(0o600);
    expect(openTokenFile(folder)).toBe(token);
  });

  it('is taken away from others who could read it', () => {
    const folder = makeFolder();
    openTokenFile(folder);
    chmodSync(tokenFileOf(folder), 0o644);
    openTokenFile(folder);
    expect(modeOf(tokenFileOf(folder))).toBe(0o600);
  });

  it('has all scopes', () => {
    const folder = makeFolder();
    const tokens = new Tokens(folder);
    const principal = tokens.authenticate(openTokenFile(folder));
    expect(principal).toEqual({ tokenId: 'file', scopes: new Set(['read', 'operate', 'admin']) });
    expect(tokens.authenticate('')).toBeNull();
    expect(tokens.authenticate('x'.repeat(43))).toBeNull();
  });
});

describe('other tokens', () => {
  it('are stored as hashes only, and listed without them', () => {
    const folder = makeFolder();
    const { token, tokenId } = createToken(folder, { name: 'ci', scopes: ['read', 'read'], createdAt: 5 });
    const path = join(folder, 'tokens.json');
    expect(readFileSync(path, 'utf8')).not.toContain(token);
    expect(modeOf(path)).toBe(0o600);
    expect(listTokens(folder)).toEqual([{ tokenId, name: 'ci', scopes: ['read'], createdAt: 5 }]);
  });

  it('work at once in a server that runs, until they are revoked', () => {
    const folder = makeFolder();
    const tokens = new Tokens(folder);
    const first = createToken(folder, { name: 'a', scopes: ['read'], createdAt: 0 });
    const second = createToken(folder, { name: 'b', scopes: ['operate'], createdAt: 0 });
    const principal = tokens.authenticate(first.token);
    expect(principal).toEqual({ tokenId: first.tokenId, scopes: new Set(['read']) });
    expect(tokens.isCurrent(principal!)).toBe(true);
    expect(revokeToken(folder, first.tokenId)).toBe(true);
    expect(revokeToken(folder, first.tokenId)).toBe(false);
    expect(tokens.authenticate(first.token)).toBeNull();
    expect(tokens.isCurrent(principal!)).toBe(false);
    expect(tokens.authenticate(second.token)?.scopes).toEqual(new Set(['operate']));
  });

  it('of a file that does not parse are STORE_CORRUPT, not nobody', () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'tokens.json'), '{"format":2}');
    expect(() => listTokens(folder)).toThrow(RuntimeError);
    expect(() => listTokens(folder)).toThrow('does not parse');
  });
});

describe('a ticket', () => {
  const principal = { tokenId: 'file', scopes: new Set(['read' as const]) };

  it('is good once, for 30 s, with the scopes of its token', () => {
    let now = 0;
    const tickets = new Tickets(() => now);
    const [one, other] = [tickets.issue(principal), tickets.issue(principal)];
    now = 29_999;
    expect(tickets.redeem(one)).toBe(principal);
    expect(tickets.redeem(one)).toBeNull();
    now = 30_000;
    expect(tickets.redeem(other)).toBeNull();
    expect(tickets.redeem('unknown')).toBeNull();
  });

  it('is refused while 1,000 are open', () => {
    let now = 0;
    const tickets = new Tickets(() => now);
    for (let index = 0; index < 1_000; index += 1) tickets.issue(principal);
    expect(() => tickets.issue(principal)).toThrow('too many open tickets');
    now = 30_000;
    expect(tickets.redeem(tickets.issue(principal))).toBe(principal);
  });
});
