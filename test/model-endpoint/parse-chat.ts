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
 * Reads a `POST /v1/chat/completions`.
 * @throws {SyntaxError} when the body is not JSON
 * @throws {TypeError} when it is not an object with a list of messages
 */
export function parseChat(body: string, headers: IncomingHttpHeaders, index: number): ParsedRequest {
  const raw = asRecord(JSON.parse(body));
  const conversation = readConversation(raw['messages'], {
    itemName: 'messages',
    userTextOf,
    toolOutputsOf,
  });
  return {
    index,
    model: asText(raw['model']),
    threadId: asText(headers['x-session-affinity'] ?? headers['x-session-id']),
    turnId: '',
    purpose: purposeOf(raw, conversation.input),
    ...conversation,
    headers,
    raw,
  };
}

/** What opencode asks a model for besides turns: a title, and the gist of a conversation. */
const PURPOSES: readonly (readonly [string, RegExp])[] = [
  ['title', /^You are a title generator\b/],
  ['compaction', /\bsummariz/i],
];

function purposeOf({ tools }: InputItem, items: readonly InputItem[]): string {
  if (Array.isArray(tools) && tools.length > 0) return 'turn';
  const system = items.filter(({ role }) => role === 'system').flatMap(textsOf);
  return PURPOSES.find(([, pattern]) => system.some((text) => pattern.test(text)))?.[0] ?? '';
}

function textsOf({ content }: InputItem): string[] {
  if (typeof content === 'string') return [content];
  return Array.isArray(content) ? content.map((part) => asText(asRecord(part)['text'])) : [];
}

/** opencode tells of its modes in the name of the user. */
const REMINDER = /<system-reminder>[^]*?<\/system-reminder>/g;

function userTextOf(item: InputItem | undefined): string | null {
  if (item?.['role'] !== 'user') return null;
  const written = textsOf(item)
    .map((text) => text.replaceAll(REMINDER, '').trim())
    .filter((text) => text !== '' && !CLIENT_CONTEXT.test(text));
  return written.length === 0 ? null : written.join('\n');
}

function toolOutputsOf(items: readonly InputItem[]): ToolOutput[] {
  return items
    .filter(({ role }) => role === 'tool')
    .map(({ tool_call_id: callId, content }) => ({
      callId: asText(callId),
      output: typeof content === 'string' ? content : JSON.stringify(content),
    }));
}
