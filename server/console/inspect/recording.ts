/** A thread up to one of its entries as a file, which `threadchart replay` steps. */
import { knownCode, RuntimeError } from '../../../machines/domain/error.ts';
import { authorization } from '../session/credentials.ts';

/** @throws {RuntimeError} with the code of the server */
export async function saveRecording(threadId: string, sequence: number): Promise<void> {
  const query = new URLSearchParams({ threadId, until: String(sequence) });
  const response = await fetch(`/api/recording?${query.toString()}`, { headers: authorization() });
  if (!response.ok) throw await refusalOf(response);
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = nameIn(response) ?? 'thread.ndjson';
  link.click();
  // the browser has it by then
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

const nameIn = ({ headers }: Response): string | undefined =>
  /filename="([^"]+)"/.exec(headers.get('content-disposition') ?? '')?.[1];

async function refusalOf(response: Response): Promise<RuntimeError> {
  const { error }: { error?: { code?: unknown; message?: string } } = JSON.parse(await response.text());
  return new RuntimeError(knownCode(error?.code), error?.message ?? 'the recording could not be read');
}
