import type { IncomingHttpHeaders } from 'node:http';

/** An item of the conversation as the client sent it. */
export type InputItem = Readonly<Record<string, unknown>>;

/** What a tool call of the model came to. */
export interface ToolOutput {
  readonly callId: string;
  /** Text; other forms of output are JSON. */
  readonly output: string;
}

/** One request for a reply: what the model was shown. */
export interface ParsedRequest {
  /** Order of arrival at the endpoint, from 0. */
  readonly index: number;
  readonly model: string;
  /** The client's thread, or '' when it names none. */
  readonly threadId: string;
  /** The client's turn, or '' when it names none. */
  readonly turnId: string;
  /** Codex's `request_kind`: `turn`, `compaction` and the like, or ''. */
  readonly purpose: string;
  readonly input: readonly InputItem[];
  /** The last thing that the user wrote; context that the client adds as `<tag>…</tag>` is not counted. */
  readonly userText: string;
  /** All outputs in the conversation, in order. */
  readonly toolOutputs: readonly ToolOutput[];
  /** The outputs after the latest user text: how far this turn has come. */
  readonly turnToolOutputs: readonly ToolOutput[];
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** Context that the client adds to what the user wrote. */
export const CLIENT_CONTEXT = /^<([a-z_]+)[ >][^]*<\/\1>\s*$/;
/** Stand around an attached image. */
const IMAGE_TAG = /^<\/?image\b[^<>]*>$/;

/**
 * Reads a `POST /v1/responses`.
 * @throws {SyntaxError} when the body is not JSON
 * @throws {TypeError} when it is not an object with a list of input items
 */
export function parseRequest(body: string, headers: IncomingHttpHeaders, index: number): ParsedRequest {
  const raw = asRecord(JSON.parse(body));
  const metadata = turnMetadata(headers);
  return {
    index,
    model: asText(raw['model']),
    threadId: asText(headers['thread-id'] ?? raw['prompt_cache_key']),
    turnId: asText(metadata['turn_id']),
    purpose: asText(metadata['request_kind']),
    ...readConversation(raw['input'], { itemName: 'input items', userTextOf, toolOutputsOf }),
    headers,
    raw,
  };
}

/** How the conversation is read in one API. */
interface ConversationReader {
  /** For the error where there is no list of them. */
  readonly itemName: string;
  /** What the user wrote in an item, `null` when it is not the user's or has context only. */
  readonly userTextOf: (item: InputItem | undefined) => string | null;
  readonly toolOutputsOf: (items: readonly InputItem[]) => ToolOutput[];
}

export function readConversation(
  list: unknown,
  { itemName, userTextOf: read, toolOutputsOf: outputsOf }: ConversationReader,
): Pick<ParsedRequest, 'input' | 'userText' | 'toolOutputs' | 'turnToolOutputs'> {
  if (!Array.isArray(list)) throw new TypeError(`the request has no list of ${itemName}`);
  const input: InputItem[] = list.map(asRecord);
  const latestUser = input.findLastIndex((item) => read(item) !== null);
  return {
    input,
    userText: read(input[latestUser]) ?? '',
    toolOutputs: outputsOf(input),
    turnToolOutputs: outputsOf(input.slice(latestUser + 1)),
  };
}

export function asRecord(value: unknown): InputItem {
  if (typeof value !== 'object' || value === null) throw new TypeError('the request holds a non-object');
  return { ...value };
}

export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function turnMetadata(headers: IncomingHttpHeaders): InputItem {
  const header = headers['x-codex-turn-metadata'];
  return typeof header === 'string' ? asRecord(JSON.parse(header)) : {};
}

function userTextOf(item: InputItem | undefined): string | null {
  if (item?.['role'] !== 'user') return null;
  const content = item['content'];
  const parts = Array.isArray(content)
    ? content.map((part) => asText(asRecord(part)['text']))
    : [asText(content)];
  const written = parts.filter((part) => part !== '' && !CLIENT_CONTEXT.test(part) && !IMAGE_TAG.test(part));
  return written.length === 0 ? null : written.join('\n');
}

function toolOutputsOf(items: readonly InputItem[]): ToolOutput[] {
  return items
    .filter((item) => asText(item['type']).endsWith('_call_output'))
    .map(({ call_id: callId, output }) => ({
      callId: asText(callId),
      output: typeof output === 'string' ? output : JSON.stringify(output),
    }));
}
