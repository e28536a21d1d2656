/** The lists that git writes with `-z`. */

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** One entry as text, or `null` if it is not UTF-8. */
export function decode(bytes: Uint8Array): string | null {
  try {
    return UTF8.decode(bytes);
  } catch {
    return null;
  }
}

/** The entries of a list, each ended by NUL. */
export function splitList(bytes: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, start)) {
    entries.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return entries;
}

/** The same for what is known to be UTF-8, as all captured paths are. */
export function splitText(bytes: Buffer): string[] {
  return bytes.toString('utf8').split('\0').slice(0, -1);
}

export const joinList = (entries: readonly string[]): string => entries.map((each) => `${each}\0`).join('');
