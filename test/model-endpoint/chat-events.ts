import { chunks, type Dialect, type TimedEvent } from './dialect.ts';
import type { MakeId, OutputStep, StreamEvent, TextStep, Usage } from './step.ts';

/** OpenAI's Chat Completions API, with the reasoning that compatible servers add to it. */
export const CHAT: Dialect = {
  lastEventTypes: new Set(['done']),
  reply: (makeId) => new ChatReply(makeId),
  errorBody: (status, message) => ({ error: { message, type: typeOf(status), code: null } }),
  // chunks have no type of their own on the wire
  encode: ({ type, ...chunk }) => `data: ${type === 'done' ? '[DONE]' : JSON.stringify(chunk)}\n\n`,
};

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  429: 'rate_limit_error',
};
const typeOf = (status: number): string => ERROR_TYPES[status] ?? 'server_error';

/** One answer: every step is a run of chunks, the last one says why it ended. */
class ChatReply {
  readonly #makeId: MakeId;
  readonly #id: string;
  #callCount = 0;
  #hasFinished = false;

  constructor(makeId: MakeId) {
    this.#makeId = makeId;
    this.#id = makeId('chatcmpl');
  }

  start(): StreamEvent {
    return { ...this.#chunk({ role: 'assistant', content: '' }), type: 'start' };
  }

  *output(step: OutputStep): Iterable<TimedEvent> {
    if (step.kind === 'event') return yield this.#given(step.event);
    const delayMs = step.kind === 'text' ? (step.delayMs ?? 0) : 0;
    for (const delta of this.#deltasOf(step)) yield { event: this.#chunk(delta), delayMs };
  }

  *end(usage: Usage): Iterable<StreamEvent> {
    if (!this.#hasFinished) yield this.#chunk({}, this.#callCount > 0 ? 'tool_calls' : 'stop');
    yield { ...this.#chunk({}), choices: [], usage: usageOf(usage) };
    yield { type: 'done' };
  }

  /** An event that is a chunk of its own; one with a reason for the end is the last of the answer. */
  #given(event: StreamEvent): TimedEvent {
    if (event.type === 'finish') {
      this.#hasFinished = true;
      return { event: this.#chunk({}, String(event['reason'])), delayMs: 0 };
    }
    return { event, delayMs: 0 };
  }

  #deltasOf(step: Exclude<OutputStep, { kind: 'event' }>): Iterable<object> {
    if (step.kind === 'text') return textDeltas(step);
    if (step.kind === 'reasoning') return [{ reasoning_content: step.text ?? step.summary }];
    const args = step.kind === 'functionCall' ? step.arguments : step.input;
    const text = typeof args === 'string' ? args : JSON.stringify(args);
    const index = this.#callCount;
    this.#callCount += 1;
    const call = { index, id: step.callId ?? this.#makeId('call'), type: 'function' };
    return [
      { tool_calls: [{ ...call, function: { name: step.name, arguments: '' } }] },
      { tool_calls: [{ index, function: { arguments: text } }] },
    ];
  }

  #chunk(delta: object, finishReason: string | null = null): StreamEvent {
    return {
      type: 'chunk',
      id: this.#id,
      object: 'chat.completion.chunk',
      created: 0,
      model: 'scripted',
      choices: [{ index: 0, delta, finish_reason: finishReason }],
    };
  }
}

function* textDeltas({ text, chunkLength }: TextStep): Iterable<object> {
  for (const part of chunks(text, chunkLength)) yield { content: part };
}

const usageOf = ({ inputTokens, cachedInputTokens = 0, outputTokens, reasoningTokens = 0 }: Usage) => ({
  prompt_tokens: inputTokens,
  prompt_tokens_details: { cached_tokens: cachedInputTokens },
  completion_tokens: outputTokens,
  completion_tokens_details: { reasoning_tokens: reasoningTokens },
  total_tokens: inputTokens + outputTokens,
});
