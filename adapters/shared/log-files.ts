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

/** Of any instance, also of one that is not configured any more. */
const LOG_FILE = /^[\w-]{1,64}\.\d+\.ndjson$/;

/** What is kept of the logs. */
export interface LogBounds {
  /** Of one instance. */
  readonly maxFileCount: number;
  /** A file that was written to before this long ago is deleted, whatever its instance. */
  readonly keepForMs: number;
  /** A file that was begun this long ago is left. */
  readonly maxFileAgeMs: number;
  /** Epoch ms. */
  readonly now: () => number;
}

/** Where the next frame goes, and since when its file has been written to. */
export interface LogEnd extends LogPosition {
  readonly begunAt: number;
}

/** Numbered files `<name>.<number>.ndjson` of one folder, of which the newest are kept. */
export class LogFiles {
  readonly #folder: string;
  readonly #name: string;
  readonly #bounds: LogBounds;
  #handle: FileHandle | null = null;
  #handleNumber = 0;

  constructor(folder: string, name: string, bounds: LogBounds) {
    this.#folder = folder;
    this.#name = name;
    this.#bounds = bounds;
  }

  /**
   * Makes the folder and finds the end of the newest file, of an earlier start of the server too. An old one is not gone
   * on with, so that it can be deleted in its time.
   */
  async open(): Promise<LogEnd> {
    await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
    const fileNumber = Math.max(1, ...(await this.#numbers()));
    const found = await stat(this.#pathOf(fileNumber)).catch(() => null);
    const { now, maxFileAgeMs } = this.#bounds;
    const begunAt = found === null ? now() : Math.min(found.birthtimeMs || found.mtimeMs, found.mtimeMs);
    await this.#deleteOld(fileNumber);
    if (now() - begunAt >= maxFileAgeMs) return { fileNumber: fileNumber + 1, offset: 0, begunAt: now() };
    return { fileNumber, offset: found?.size ?? 0, begunAt };
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
    const { maxFileCount } = this.#bounds;
    const old = (await this.#numbers()).filter((number) => number <= newest - maxFileCount);
    const expired = (await this.#expired()).filter(
      (path) => path !== this.#pathOf(newest) || this.#handle === null,
    );
    const paths = [...old.map((number) => this.#pathOf(number)), ...expired];
    await Promise.all(paths.map((path) => rm(path, { force: true })));
  }

  /** Nobody writes to a file that is so old. */
  async #expired(): Promise<string[]> {
    const { now, keepForMs } = this.#bounds;
    const files = (await readdir(this.#folder)).filter((file) => LOG_FILE.test(file));
    const paths = files.map((file) => join(this.#folder, file));
    const found = await Promise.all(paths.map((path) => stat(path).catch(() => null)));
    return paths.filter((_, index) => now() - (found[index]?.mtimeMs ?? now()) >= keepForMs);
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
