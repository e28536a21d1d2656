/** Images of clients, stored once each under the SHA-256 of their bytes. */
import { createHash } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { open, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import { nanoid } from 'nanoid';
import { RuntimeError } from '../../machines/domain/error.ts';
import { attachmentIdSchema, type AttachmentId } from '../../machines/domain/ids.ts';
import type { Answer } from './respond.ts';
import { IMAGE_TYPES, imageTypeOf, SNIFF_BYTES } from './image-type.ts';
import { makePrivateFolder } from './private-file.ts';

export const ATTACHMENT_BYTES = 10 * 1024 * 1024;
const MOST_UPLOADS_COUNT = 8;
const CONTENT_TYPES: readonly string[] = [...IMAGE_TYPES, 'application/octet-stream'];

const SHA_256 = /^[0-9a-f]{64}$/;

const folderOf = (dataFolder: string): string => join(dataFolder, 'attachments');

/** Where an image is stored; `null`: it is not. An id that is no hash is no image's: it could lead to another file. */
export function attachmentPathOf(dataFolder: string, attachmentId: AttachmentId): string | null {
  if (!SHA_256.test(attachmentId)) return null;
  const path = join(folderOf(dataFolder), attachmentId);
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? path : null;
}

/** Of a thread that is purged. An id that is none of ours names no file of ours. */
export function removeAttachment(dataFolder: string, attachmentId: AttachmentId): void {
  const path = attachmentPathOf(dataFolder, attachmentId);
  if (path !== null) rmSync(path, { force: true });
}

export class Attachments {
  readonly #folder: string;
  #uploadCount = 0;

  constructor(dataFolder: string) {
    this.#folder = folderOf(dataFolder);
  }

  /**
   * Streams a body into the folder (0600); the file has its name only when it is whole.
   * @throws {RuntimeError} INVALID_PARAMS for what is no png, jpeg, gif or webp, PAYLOAD_TOO_LARGE above 10 MiB,
   * RATE_LIMITED while 8 others are being received
   */
  async receive(request: IncomingMessage): Promise<{ attachmentId: AttachmentId }> {
    checkHeaders(request);
    if (this.#uploadCount >= MOST_UPLOADS_COUNT)
      throw new RuntimeError('RATE_LIMITED', 'too many uploads at once');
    this.#uploadCount += 1;
    makePrivateFolder(this.#folder);
    const draft = join(this.#folder, `.${nanoid()}`);
    try {
      const attachmentId = await writeDraft(draft, request);
      await rename(draft, join(this.#folder, attachmentId));
      return { attachmentId };
    } finally {
      this.#uploadCount -= 1;
      await rm(draft, { force: true });
    }
  }

  /** The image, as the type that it is. @throws {RuntimeError} INVALID_PARAMS, ATTACHMENT_NOT_FOUND */
  async answer(given: string | null): Promise<Answer> {
    const parsed = attachmentIdSchema.safeParse(given);
    if (!parsed.success) throw new RuntimeError('INVALID_PARAMS', 'attachmentId is missing or no id');
    const path = attachmentPathOf(dirname(this.#folder), parsed.data);
    const body = path === null ? null : await readFile(path);
    const contentType = body === null ? null : imageTypeOf(body.subarray(0, SNIFF_BYTES));
    if (body !== null && contentType !== null) return { status: 200, contentType, body };
    throw new RuntimeError('ATTACHMENT_NOT_FOUND', 'there is no such attachment', {
      details: { attachmentId: parsed.data },
    });
  }
}

function checkHeaders({ headers }: IncomingMessage): void {
  const contentType = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!CONTENT_TYPES.includes(contentType)) {
    const details = { contentType, allowed: CONTENT_TYPES };
    throw new RuntimeError('INVALID_PARAMS', 'not the content type of an image', { details });
  }
  if (Number(headers['content-length'] ?? 0) > ATTACHMENT_BYTES) throw tooLarge();
}

const tooLarge = (): RuntimeError =>
  new RuntimeError('PAYLOAD_TOO_LARGE', 'an attachment has at most 10 MiB', {
    details: { mostBytes: ATTACHMENT_BYTES },
  });

async function writeDraft(path: string, request: IncomingMessage): Promise<AttachmentId> {
  const file = await open(path, 'wx', 0o600);
  try {
    const attachmentId = await copyBody(file, request);
    await file.datasync();
    return attachmentId;
  } finally {
    await file.close();
  }
}

async function copyBody(file: FileHandle, request: IncomingMessage): Promise<AttachmentId> {
  const hash = createHash('sha256');
  let start = Buffer.alloc(0);
  let sizeBytes = 0;
  // the stream is kept: destroying it would take the answer's connection with it
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.from(chunk);
    sizeBytes += bytes.byteLength;
    if (sizeBytes > ATTACHMENT_BYTES) throw tooLarge();
    if (start.byteLength < SNIFF_BYTES)
      start = checkStart(Buffer.concat([start, bytes.subarray(0, SNIFF_BYTES)]));
    hash.update(bytes);
    await file.write(bytes);
  }
  if (imageTypeOf(start) === null) throw notAnImage();
  return attachmentIdSchema.parse(hash.digest('hex'));
}

function checkStart(start: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  if (start.byteLength >= SNIFF_BYTES && imageTypeOf(start) === null) throw notAnImage();
  return start;
}

const notAnImage = (): RuntimeError =>
  new RuntimeError('INVALID_PARAMS', 'not a png, jpeg, gif or webp image', {
    details: { allowed: IMAGE_TYPES },
  });
