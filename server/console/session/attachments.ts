/** Pictures to the server, and back. */
import { RuntimeError } from '../../../machines/domain/error.ts';
import { authorization } from './credentials.ts';

/** @throws {RuntimeError} INVALID_PARAMS for what is no picture, PAYLOAD_TOO_LARGE */
export async function upload(file: Blob): Promise<string> {
  const headers = { ...authorization(), 'content-type': file.type };
  const response = await fetch('/api/attachments', { method: 'POST', headers, body: file });
  const { attachmentId, error }: { attachmentId?: string; error?: { message: string } } = JSON.parse(
    await response.text(),
  );
  if (attachmentId !== undefined) return attachmentId;
  const code = response.status === 413 ? 'PAYLOAD_TOO_LARGE' : 'INVALID_PARAMS';
  throw new RuntimeError(code, error?.message ?? 'the picture could not be sent');
}

const urls = new Map<string, Promise<string | null>>();

/** An address of the picture inside this page; `null`: it is gone. */
export function imageUrl(attachmentId: string): Promise<string | null> {
  const known = urls.get(attachmentId);
  if (known !== undefined) return known;
  const made = fetchImage(attachmentId);
  urls.set(attachmentId, made);
  return made;
}

async function fetchImage(attachmentId: string): Promise<string | null> {
  const query = new URLSearchParams({ attachmentId });
  const response = await fetch(`/api/attachments?${query}`, { headers: authorization() });
  return response.ok ? URL.createObjectURL(await response.blob()) : null;
}
