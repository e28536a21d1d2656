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
 * Reads a `POST /v1/messages`.
 * @throws {SyntaxError} when the body is not JSON
 * @throws {TypeError} when it is not an object with a list of messages
 */
export function parseMessages(body: string, headers: IncomingHttpHeaders, index: number): ParsedRequest {
  const raw = asRecord(JSON.parse(body));
  return {
    index,
    model: asText(raw['model']),
    threadId: asText(headers['x-claude-code-session-id']),
    turnId: '',
    purpose: Array.isArray(raw['tools']) && raw['tools'].length > 0 ? 'turn' : '',
    ...readConversation(raw['messages'], { itemName: 'messages', userTextOf, toolOutputsOf }),
    headers,
    raw,
  };
}

/** Claude Code 2.1.329 asks a model for a word before it changes to it, and wants the answer whole. */
export const isProbe = ({ purpose, userText }: ParsedRequest): boolean => purpose === '' && userText === 'Hi';
export const PROBE_ANSWER = {
  id: 'msg_probe',
  type: 'message',
  role: 'assistant',
  model: 'scripted',
  content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 },
};

function partsOf(item: InputItem | undefined): InputItem[] {
  const content = item?.['content'];
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return Array.isArray(content) ? content.map(asRecord) : [];
}

/** A message that joins a running turn comes as one of the system, with a sentence around it. */
const JOINED = /The user sent a new message while you were working:\n([^]*?)\n\n/;

/** Stands before the text of the user, or for itself. */
const REMINDER = /<system-reminder>[^]*?<\/system-reminder>/g;

/** What claude writes by itself: the place of an image, and that a reply was cut off. */
const OF_CLAUDE = /^(?:\[Image: |Your response above was cut off)/;

function userTextOf(item: InputItem | undefined): string | null {
  const texts = partsOf(item).map((part) => (part['type'] === 'text' ? asText(part['text']) : ''));
  if (item?.['role'] === 'system') return JOINED.exec(texts.join('\n'))?.[1] ?? null;
  if (item?.['role'] !== 'user') return null;
  const written = texts
    .map((text) => text.replaceAll(REMINDER, '').trim())
    .filter((text) => text !== '' && !CLIENT_CONTEXT.test(text) && !OF_CLAUDE.test(text));
  // what a failed turn left unanswered is sent along with the next prompt
  return written.at(-1) ?? null;
}

function toolOutputsOf(items: readonly InputItem[]): ToolOutput[] {
  return items
    .flatMap(partsOf)
    .filter(({ type }) => type === 'tool_result')
    .map(({ tool_use_id: callId, content }) => ({
      callId: asText(callId),
      output: typeof content === 'string' ? content : JSON.stringify(content),
    }));
}
