import { chunks, type Dialect, type TimedEvent } from './dialect.ts';
import type { MakeId, OutputStep, ReasoningStep, StreamEvent, TextStep, Usage } from './step.ts';

/** Anthropic's Messages API. */
export const MESSAGES: Dialect = {
  lastEventTypes: new Set(['message_stop', 'error']),
  reply: (makeId) => new MessageReply(makeId),
  errorBody: (status, message) => ({ type: 'error', error: { type: typeOf(status), message } }),
};

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};
const typeOf = (status: number): string => ERROR_TYPES[status] ?? 'api_error';

/** One message: every step is a content block. */
class MessageReply {
  readonly #makeId: MakeId;
  readonly #id: string;
  #blockCount = 0;
  #hasCall = false;

  constructor(makeId: MakeId) {
    this.#makeId = makeId;
    this.#id = makeId('msg');
  }

  start(usage: Usage): StreamEvent {
    const message = { id: this.#id, type: 'message', role: 'assistant', model: 'scripted', content: [] };
    return {
      type: 'message_start',
      message: { ...message, stop_reason: null, stop_sequence: null, usage: usageOf(usage) },
    };
  }

  *output(step: OutputStep): Iterable<TimedEvent> {
    if (step.kind === 'event') return yield { event: step.event, delayMs: 0 };
    const index = this.#blockCount;
    this.#blockCount += 1;
    const { block, deltas, delayMs } = this.#partsOf(step);
    yield { event: { type: 'content_block_start', index, content_block: block }, delayMs: 0 };
    for (const delta of deltas) yield { event: { type: 'content_block_delta', index, delta }, delayMs };
    yield { event: { type: 'content_block_stop', index }, delayMs: 0 };
  }

  *end(usage: Usage): Iterable<StreamEvent> {
    const delta = { stop_reason: this.#hasCall ? 'tool_use' : 'end_turn', stop_sequence: null };
    yield { type: 'message_delta', delta, usage: usageOf(usage) };
    yield { type: 'message_stop' };
  }

  #partsOf(step: Exclude<OutputStep, { kind: 'event' }>): Parts {
    if (step.kind === 'text') return textParts(step);
    if (step.kind === 'reasoning') return thinkingParts(step);
    this.#hasCall = true;
    const args = step.kind === 'functionCall' ? step.arguments : step.input;
    const json = typeof args === 'string' ? args : JSON.stringify(args);
    const id = step.callId ?? this.#makeId('toolu');
    return {
      block: { type: 'tool_use', id, name: step.name, input: {} },
      deltas: [{ type: 'input_json_delta', partial_json: json }],
      delayMs: 0,
    };
  }
}

interface Parts {
  readonly block: object;
  readonly deltas: Iterable<object>;
  readonly delayMs: number;
}

function* textDeltas({ text, chunkLength }: TextStep): Iterable<object> {
  for (const part of chunks(text, chunkLength)) yield { type: 'text_delta', text: part };
}

const textParts = (step: TextStep): Parts => ({
  block: { type: 'text', text: '' },
  deltas: textDeltas(step),
  delayMs: step.delayMs ?? 0,
});

const thinkingParts = ({ summary, text = summary }: ReasoningStep): Parts => ({
  block: { type: 'thinking', thinking: '', signature: '' },
  deltas: [
    { type: 'thinking_delta', thinking: text },
    { type: 'signature_delta', signature: 'c2lnbmVk' },
  ],
  delayMs: 0,
});

const usageOf = ({ inputTokens, cachedInputTokens = 0, outputTokens }: Usage) => ({
  input_tokens: inputTokens - cachedInputTokens,
  cache_read_input_tokens: cachedInputTokens,
  cache_creation_input_tokens: 0,
  output_tokens: outputTokens,
});
