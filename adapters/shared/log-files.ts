import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const READ_CHUNK_BYTES = 64 * 1024;
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const NEWLINE = 0x0a;

/** A place in the files: which one, and from where in bytes. */
export interface LogPosition {
  readonly fileNumber: number;
  readonly offset: number;
}

/** Numbered files `<name>.<number>.ndjson` of one folder, of which the newest are kept. */
export class LogFiles {
  readonly #folder: string;
  readonly #name: string;
  readonly #maxFileCount: number;
  #handle: FileHandle | null = null;
  #handleNumber = 0;

  constructor(folder: string, name: string, maxFileCount: number) {
    this.#folder = folder;
    this.#name = name;
    this.#maxFileCount = maxFileCount;
  }

  /** Makes the folder and finds the end of the newest file, of an earlier start of the server too. */
  async open(): Promise<LogPosition> {
    await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
    const fileNumber = Math.max(1, ...(await this.#numbers()));
    const found = await stat(this.#pathOf(fileNumber)).catch(() => null);
    return { fileNumber, offset: found?.size ?? 0 };
  }

  /** Writes at the place given, so that one failed write displaces nothing that comes after it. */
  async write(position: LogPosition, bytes: Buffer): Promise<void> {
    const handle = await this.#use(position.fileNumber);
    for (let written = 0; written < bytes.length;) {
      const rest = bytes.length - written;
      written += (await handle.write(bytes, written, rest, position.offset + written)).bytesWritten;
    }
  }

  /** The line that starts there, without its newline; null when its file is gone or it was never written. */
  async readLine({ fileNumber, offset }: LogPosition): Promise<string | null> {
    const handle = await open(this.#pathOf(fileNumber)).catch(() => null);
    if (!handle) return null;
    try {
      return await readLineFrom(handle, offset);
    } finally {
      await handle.close();
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  async #use(fileNumber: number): Promise<FileHandle> {
    if (this.#handle && this.#handleNumber === fileNumber) return this.#handle;
    await this.close();
    const path = this.#pathOf(fileNumber);
    // Not for appending: Linux would then ignore the place of a write.
    const handle = await open(path, 'r+', FILE_MODE).catch(() => open(path, 'wx', FILE_MODE));
    this.#handle = handle;
    this.#handleNumber = fileNumber;
    await this.#deleteOld(fileNumber);
    return handle;
  }

  async #deleteOld(newest: number): Promise<void> {
    const old = (await this.#numbers()).filter((number) => number <= newest - this.#maxFileCount);
    await Promise.all(old.map((number) => rm(this.#pathOf(number), { force: true })));
  }

  async #numbers(): Promise<number[]> {
    const pattern = new RegExp(`^${this.#name}\\.(\\d+)\\.ndjson$`);
    return (await readdir(this.#folder)).flatMap((file) => Number(pattern.exec(file)?.[1] ?? []));
  }

  #pathOf(fileNumber: number): string {
    return join(this.#folder, `${this.#name}.${fileNumber}.ndjson`);
  }
}

async function readLineFrom(handle: FileHandle, offset: number): Promise<string | null> {
  const parts: Buffer[] = [];
  for (let sizeBytes = 0; sizeBytes < MAX_LINE_BYTES; sizeBytes += READ_CHUNK_BYTES) {
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(READ_CHUNK_BYTES),
      0,
      null,
      offset + sizeBytes,
    );
    const end = buffer.subarray(0, bytesRead).indexOf(NEWLINE);
    parts.push(buffer.subarray(0, end === -1 ? bytesRead : end));
    if (end !== -1) return Buffer.concat(parts).toString('utf8');
    if (bytesRead < READ_CHUNK_BYTES) return null;
  }
  return null;
}
