/** Writes a tar archive (ustar), file by file. Files of 8 GiB and more have their length in GNU's binary form. */
import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';

const BLOCK_BYTES = 512;
const CHUNK_BYTES = 1024 * 1024;
const MOST_OCTAL_BYTES = 8 ** 11;
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

export class TarWriter {
  readonly #file: number;

  /** `file`: an open file descriptor, which is the caller's to close. */
  constructor(file: number) {
    this.#file = file;
  }

  addFolder(name: string): void {
    writeSync(this.#file, headerOf({ name: `${name}/`, mode: FOLDER_MODE, sizeBytes: 0, type: '5' }));
  }

  /** The file must not change meanwhile. */
  addFile(name: string, path: string): void {
    const sizeBytes = statSync(path).size;
    writeSync(this.#file, headerOf({ name, mode: FILE_MODE, sizeBytes, type: '0' }));
    this.#copy(path);
    const rest = sizeBytes % BLOCK_BYTES;
    if (rest > 0) writeSync(this.#file, Buffer.alloc(BLOCK_BYTES - rest));
  }

  end(): void {
    writeSync(this.#file, Buffer.alloc(2 * BLOCK_BYTES));
  }

  #copy(path: string): void {
    const source = openSync(path, 'r');
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (let count = readSync(source, chunk); count > 0; count = readSync(source, chunk)) {
        writeSync(this.#file, chunk, 0, count);
      }
    } finally {
      closeSync(source);
    }
  }
}

interface Header {
  /** At most 100 bytes. */
  readonly name: string;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly type: '0' | '5';
}

function headerOf({ name, mode, sizeBytes, type }: Header): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;
  header.write(name, 0, 100);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  if (sizeBytes < MOST_OCTAL_BYTES) header.write(octal(sizeBytes, 12), 124);
  else writeBinary(header, sizeBytes);
  header.write(octal(Math.floor(Date.now() / 1000), 12), 136);
  header.write(' '.repeat(8), 148);
  header.write(type, 156);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function writeBinary(header: Buffer, sizeBytes: number): void {
  header[124] = 0x80;
  header.writeBigUInt64BE(BigInt(sizeBytes), 128);
}
