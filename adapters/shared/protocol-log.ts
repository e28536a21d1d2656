import { LogFiles, type LogEnd, type LogPosition } from './log-files.ts';
import { redact as redactForms } from './redact.ts';

/** Which way a frame went: from the provider or to it. */
export type FrameDirection = 'in' | 'out';

/** A frame as it is kept: redacted, and cut if it was long. */
export interface LoggedFrame {
  /** Epoch ms. */
  readonly at: number;
  readonly direction: FrameDirection;
  readonly frame: string;
  /** Characters that were cut off its end; 0 for nearly all. */
  readonly cutLength: number;
}

/** Where to keep the frames of one instance, and how many. */
export interface ProtocolLogOptions {
  /** Made with mode 0700 if it is not there. */
  readonly folder: string;
  /** The instance: letters, digits, `-` and `_`, at most 64. */
  readonly name: string;
  /** A file is left before it would grow beyond this; default 10 MiB. */
  readonly maxFileBytes?: number;
  /** Older files are deleted; default 10. */
  readonly maxFileCount?: number;
  /** A file is left when it was begun this long ago; default a day. */
  readonly maxFileAgeMs?: number;
  /** A file that was last written to this long ago is deleted; default 14 days. */
  readonly keepForMs?: number;
  /** Epoch ms; default the system's clock. */
  readonly now?: () => number;
  /** What may wait for the disk; further frames are dropped, and counted in the log. Default 4 MiB. */
  readonly maxBufferedBytes?: number;
  /** Takes secrets out of a frame; default: those that are known by their form. */
  readonly redact?: (text: string) => string;
  /** Told when the disk refuses: that batch of frames is lost, the log goes on. */
  readonly onError: (error: unknown) => void;
}

const DEFAULT_MAX_FILE_BYTES = 10 * 1024 * 1024;
const DEFAULT_MAX_FILE_COUNT = 10;
const DAY_MS = 86_400_000;
const DEFAULT_KEEP_FOR_MS = 14 * DAY_MS;
const DEFAULT_MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
/** Frames of so long a time go to the disk in one write: one write a frame costs more than all else that is done with it. */
const WRITE_EVERY_MS = 100;
/** So much does not wait: much more would be dropped. */
const WRITE_AT_BYTES = 256 * 1024;
/** Longer frames are cut: redacting blocks, some 16 ms for 1 Mi characters. */
const MAX_FRAME_LENGTH = 256 * 1024;
const NAME = /^[\w-]{1,64}$/;
const REFERENCE = /^([\w-]{1,64})\.(\d{1,15}):(\d{1,15})$/;
/** The reference of a frame that was dropped. */
const NO_REFERENCE = '';

/** Lines that go to one file in one piece. */
interface Batch {
  readonly position: LogPosition;
  readonly lines: string[];
  sizeBytes: number;
}

/**
 * Opens the log of one instance, after what it already holds.
 * @throws {TypeError} for a name that is not fit for a file
 * @throws {Error} the system's error when the folder cannot be made or read
 */
export async function openProtocolLog(options: ProtocolLogOptions): Promise<ProtocolLog> {
  const { folder, name, maxFileCount = DEFAULT_MAX_FILE_COUNT, maxFileAgeMs = DAY_MS } = options;
  const { keepForMs = DEFAULT_KEEP_FOR_MS, now = Date.now } = options;
  if (!NAME.test(name)) throw new TypeError(`the log name ${JSON.stringify(name)} is not fit for a file`);
  const files = new LogFiles(folder, name, { maxFileCount, maxFileAgeMs, keepForMs, now });
  return new ProtocolLog(options, files, await files.open());
}

/**
 * The raw frames of one provider instance, redacted, in rotating files (mode 0600). Appending is synchronous and gives a
 * reference that holds at once; the disk is written in batches behind it.
 */
export class ProtocolLog {
  readonly #options: ProtocolLogOptions;
  readonly #files: LogFiles;
  readonly #now: () => number;
  #next: LogPosition;
  /** When the file of the next frame was begun. */
  #begunAt: number;
  #queue: Batch[] = [];
  #bufferedBytes = 0;
  #droppedCount = 0;
  #writing: Promise<void> | null = null;
  /** Ends the pause before the next write. */
  #hurry: () => void = () => {};

  constructor(options: ProtocolLogOptions, files: LogFiles, { begunAt, ...next }: LogEnd) {
    this.#options = options;
    this.#files = files;
    this.#now = options.now ?? Date.now;
    this.#next = next;
    this.#begunAt = begunAt;
  }

  /** Keeps a frame and gives its reference: `<name>.<file>:<offset>`, or '' when too much waits for the disk. */
  append(direction: FrameDirection, frame: string): string {
    if (this.#bufferedBytes >= (this.#options.maxBufferedBytes ?? DEFAULT_MAX_BUFFERED_BYTES)) {
      this.#droppedCount += 1;
      return NO_REFERENCE;
    }
    const cutLength = Math.max(0, frame.length - MAX_FRAME_LENGTH);
    const { redact = redactForms } = this.#options;
    const kept = redact(frame.slice(0, MAX_FRAME_LENGTH));
    const record: LoggedFrame = { at: this.#now(), direction, frame: kept, cutLength };
    const { fileNumber, offset } = this.#enqueue(record);
    return `${this.#options.name}.${fileNumber}:${offset}`;
  }

  /** Gives a frame back; null for a reference that is not of this log, was dropped or rotated away. */
  async read(rawRef: string): Promise<LoggedFrame | null> {
    const [, name, fileNumber, offset] = REFERENCE.exec(rawRef) ?? [];
    if (name !== this.#options.name) return null;
    await this.flush();
    const line = await this.#files.readLine({ fileNumber: Number(fileNumber), offset: Number(offset) });
    return line === null ? null : parseFrame(line);
  }

  /** Resolves when everything appended so far is with the system. */
  async flush(): Promise<void> {
    this.#hurry();
    await this.#writing;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#files.close();
  }

  #enqueue(record: object): LogPosition {
    const line = `${JSON.stringify(record)}\n`;
    const sizeBytes = Buffer.byteLength(line);
    const position = this.#positionFor(sizeBytes);
    let batch = this.#queue.at(-1);
    if (batch?.position.fileNumber !== position.fileNumber) {
      batch = { position, lines: [], sizeBytes: 0 };
      this.#queue.push(batch);
    }
    batch.lines.push(line);
    batch.sizeBytes += sizeBytes;
    this.#bufferedBytes += sizeBytes;
    this.#next = { fileNumber: position.fileNumber, offset: position.offset + sizeBytes };
    this.#writing ??= this.#write();
    if (this.#bufferedBytes >= WRITE_AT_BYTES) this.#hurry();
    return position;
  }

  #positionFor(sizeBytes: number): LogPosition {
    const { fileNumber, offset } = this.#next;
    const { maxFileBytes = DEFAULT_MAX_FILE_BYTES, maxFileAgeMs = DAY_MS } = this.#options;
    const now = this.#now();
    const isFull = offset > 0 && offset + sizeBytes > maxFileBytes;
    const isOld = offset > 0 && now - this.#begunAt >= maxFileAgeMs;
    if (offset === 0 || isFull || isOld) this.#begunAt = now;
    return isFull || isOld ? { fileNumber: fileNumber + 1, offset: 0 } : this.#next;
  }

  async #write(): Promise<void> {
    await this.#pause();
    for (let batch = this.#queue.shift(); batch; batch = this.#queue.shift()) {
      await this.#files.write(batch.position, Buffer.from(batch.lines.join(''))).catch(this.#options.onError);
      this.#bufferedBytes -= batch.sizeBytes;
      this.#noteDropped();
    }
    this.#writing = null;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, WRITE_EVERY_MS);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #noteDropped(): void {
    if (this.#droppedCount === 0) return;
    const droppedCount = this.#droppedCount;
    this.#droppedCount = 0;
    this.#enqueue({ at: this.#now(), droppedCount });
  }
}

function parseFrame(line: string): LoggedFrame | null {
  try {
    const record: unknown = JSON.parse(line);
    return isLoggedFrame(record) ? record : null;
  } catch {
    return null;
  }
}

function isLoggedFrame(record: unknown): record is LoggedFrame {
  return (
    typeof record === 'object' && record !== null && 'frame' in record && typeof record.frame === 'string'
  );
}
