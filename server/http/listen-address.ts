/** Where the server may listen: on loopback, unless told that more is meant. */
import { lookup } from 'node:dns/promises';
import { BlockList, isIPv6 } from 'node:net';
import { RuntimeError } from '../../machines/domain/error.ts';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** IPv4 in IPv6 included. */
export const isLoopback = (address: string): boolean =>
  LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

/** In a URL and in a `Host` header an IPv6 address stands in brackets. */
export const hostInUrl = (host: string): string => (isIPv6(host) ? `[${host}]` : host);

type Resolve = (host: string) => Promise<readonly { readonly address: string }[]>;

const resolveAll: Resolve = (host) => lookup(host, { all: true });

/**
 * The address that a host stands for: a name is looked up once, and what is listened on is what was looked at.
 * @throws {RuntimeError} INVALID_PARAMS for a name without an address, and for one that has an address beyond loopback
 * where that is not allowed
 */
export async function addressToListenOn(
  host: string,
  { allowInsecure, resolve = resolveAll }: { readonly allowInsecure: boolean; readonly resolve?: Resolve },
): Promise<string> {
  const found = await resolve(host).catch((cause: unknown) => {
    throw new RuntimeError('INVALID_PARAMS', `${host} has no address to listen on`, { cause });
  });
  const [first] = found;
  if (first === undefined) throw new RuntimeError('INVALID_PARAMS', `${host} has no address to listen on`);
  const beyond = found.find(({ address }) => !isLoopback(address));
  if (beyond === undefined || allowInsecure) return first.address;
  const where = beyond.address === host ? host : `${host} (${beyond.address})`;
  throw new RuntimeError(
    'INVALID_PARAMS',
    `${where} is not loopback: put a TLS proxy before the server, or give --allow-insecure`,
  );
}
