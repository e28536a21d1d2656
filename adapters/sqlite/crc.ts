import { crc32 } from 'node:zlib';

/** A checksum of what a row says, its key included: SQLite does not notice a flipped bit in a text. */
export const crcOf = (...parts: readonly (string | number | null)[]): number => crc32(parts.join('\n'));
