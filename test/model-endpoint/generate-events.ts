import { chunks, type Dialect, type TimedEvent } from './dialect.ts';
import type { MakeId, OutputStep, StreamEvent, Usage } from './step.ts';

/** Gemini's `streamGenerateContent`, as server-sent events. */
export const GENERATE: Dialect = {
  lastEventTypes: new Set(['end']),
  reply: (makeId) => new GenerateReply(makeId),
  errorBody: (status, message) => ({ error: { code: status, message, status: statusOf(status) } }),
  // chunks have no type of their own on the wire
  encode: ({ type: _, ...chunk }) => `data: ${JSON.stringify(chunk)}\n\n`,
};

const STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
};
const statusOf = (status: number): string => STATUSES[status] ?? 'INTERNAL';

/** One answer: every step is a run of chunks with one part each. */
class GenerateReply {
  readonly #makeId: MakeId;
  readonly #responseId: string;
  #finishReason = 'STOP';

  constructor(makeId: MakeId) {
    this.#makeId = makeId;
    this.#responseId = makeId('response');
  }

  start(): StreamEvent {
    return { ...this.#chunk([{ text: '' }]), type: 'start' };
  }

  *output(step: OutputStep): Iterable<TimedEvent> {
    if (step.kind === 'event') return yield* this.#given(step.event);
    const delayMs = step.kind === 'text' ? (step.delayMs ?? 0) : 0;
    for (const part of this.#partsOf(step)) yield { event: this.#chunk([part]), delayMs };
  }

  *end(usage: Usage): Iterable<StreamEvent> {
    const content = { role: 'model', parts: [] };
    yield {
      type: 'end',
      candidates: [{ content, finishReason: this.#finishReason, index: 0 }],
      usageMetadata: usageOf(usage),
      modelVersion: 'scripted',
      responseId: this.#responseId,
    };
  }

  /** `{type: 'finish', reason}` says why the answer ends, such as `MAX_TOKENS`; anything else is sent as it is. */
  *#given(event: StreamEvent): Iterable<TimedEvent> {
    if (event.type === 'finish') this.#finishReason = String(event['reason']);
    else yield { event, delayMs: 0 };
  }

  *#partsOf(step: Exclude<OutputStep, { kind: 'event' }>): Iterable<object> {
    if (step.kind === 'text') {
      for (const text of chunks(step.text, step.chunkLength)) yield { text };
      return;
    }
    if (step.kind === 'reasoning') return yield { text: step.text ?? step.summary, thought: true };
    const args = step.kind === 'functionCall' ? step.arguments : { input: step.input };
    yield { functionCall: { id: step.callId ?? this.#makeId('call'), name: step.name, args } };
  }

  #chunk(parts: readonly object[]): StreamEvent {
    return {
      type: 'chunk',
      candidates: [{ content: { role: 'model', parts }, index: 0 }],
      modelVersion: 'scripted',
      responseId: this.#responseId,
    };
  }
}

const usageOf = ({ inputTokens, cachedInputTokens = 0, outputTokens, reasoningTokens = 0 }: Usage) => ({
  promptTokenCount: inputTokens,
  cachedContentTokenCount: cachedInputTokens,
  candidatesTokenCount: outputTokens,
  thoughtsTokenCount: reasoningTokens,
  totalTokenCount: inputTokens + outputTokens + reasoningTokens,
});
