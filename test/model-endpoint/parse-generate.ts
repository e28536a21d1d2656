import type { IncomingHttpHeaders } from 'node:http';
import {
  asRecord,
  asText,
  CLIENT_CONTEXT,
  readConversation,
  type InputItem,
  type ParsedRequest,
  type ToolOutput,
} from './parse-request.ts';

/**
 * Reads a `POST /v1beta/models/…:streamGenerateContent`. Gemini names no thread, and the model only in the path, where the endpoint reads it.
 * @throws {SyntaxError} when the body is not JSON
 * @throws {TypeError} when it is not an object with a list of contents
 */
export function parseGenerate(body: string, headers: IncomingHttpHeaders, index: number): ParsedRequest {
  const raw = asRecord(JSON.parse(body));
  return {
    index,
    model: '',
    threadId: '',
    turnId: '',
    purpose: Array.isArray(raw['tools']) && raw['tools'].length > 0 ? 'turn' : '',
    ...readConversation(raw['contents'], { itemName: 'contents', userTextOf, toolOutputsOf }),
    headers,
    raw,
  };
}

const partsOf = (item: InputItem | undefined): InputItem[] => {
  const parts = item?.['parts'];
  return Array.isArray(parts) ? parts.map(asRecord) : [];
};

function userTextOf(item: InputItem | undefined): string | null {
  if (item?.['role'] !== 'user') return null;
  const texts = partsOf(item).map(({ text }) => asText(text));
  const written = texts.filter((text) => text !== '' && !CLIENT_CONTEXT.test(text.trim()));
  // a prompt that was broken off may be sent along with the next one
  return written.at(-1) ?? null;
}

function toolOutputsOf(items: readonly InputItem[]): ToolOutput[] {
  return items
    .flatMap(partsOf)
    .filter((part) => part['functionResponse'] !== undefined)
    .map(({ functionResponse }) => asRecord(functionResponse))
    .map(({ id, response }) => ({ callId: asText(id), output: JSON.stringify(response) }));
}
