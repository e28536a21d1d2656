import { chunks, type Dialect, type TimedEvent } from './dialect.ts';
import type {
  CustomToolCallStep,
  FunctionCallStep,
  MakeId,
  OutputStep,
  ReasoningStep,
  StreamEvent,
  TextStep,
  Usage,
} from './step.ts';

/** OpenAI's Responses API. */
export const RESPONSES: Dialect = {
  lastEventTypes: new Set(['response.completed', 'response.failed', 'response.incomplete']),
  reply: (makeId) => {
    const id = makeId('resp');
    return {
      start: () => createdEvent(id),
      output: (step) => outputEvents(step, makeId),
      end: (usage) => [completedEvent(id, usage)],
    };
  },
  errorBody: (_, message) => ({ error: { message, type: 'server_error', code: null } }),
};

/** The server-sent events for one step, in the order in which the Responses API sends them. */
function outputEvents(step: OutputStep, makeId: MakeId): Iterable<TimedEvent> {
  switch (step.kind) {
    case 'text':
      return textEvents(step, step.id ?? makeId('msg'));
    case 'reasoning':
      return reasoningEvents(step, step.id ?? makeId('rs'));
    case 'functionCall':
      return itemEvents(functionCallItem(step, makeId));
    case 'customToolCall':
      return itemEvents(customToolCallItem(step, makeId));
    case 'event':
      return [now(step.event)];
  }
}

/** The event that opens a reply. */
function createdEvent(responseId: string): StreamEvent {
  return { type: 'response.created', response: { id: responseId } };
}

/** The event that ends a reply well. */
function completedEvent(responseId: string, usage: Usage): StreamEvent {
  const { inputTokens, cachedInputTokens = 0, outputTokens, reasoningTokens = 0 } = usage;
  return {
    type: 'response.completed',
    response: {
      id: responseId,
      usage: {
        input_tokens: inputTokens,
        input_tokens_details: { cached_tokens: cachedInputTokens },
        output_tokens: outputTokens,
        output_tokens_details: { reasoning_tokens: reasoningTokens },
        total_tokens: inputTokens + outputTokens,
      },
    },
  };
}

function* textEvents(step: TextStep, id: string): Iterable<TimedEvent> {
  const item = { type: 'message', id, role: 'assistant', ...(step.phase && { phase: step.phase }) };
  yield now({ type: 'response.output_item.added', item: { ...item, content: [] } });
  for (const delta of chunks(step.text, step.chunkLength)) {
    const event = { type: 'response.output_text.delta', item_id: id, content_index: 0, delta };
    yield { event, delayMs: step.delayMs ?? 0 };
  }
  const content = [{ type: 'output_text', text: step.text }];
  yield now({ type: 'response.output_item.done', item: { ...item, content } });
}

function* reasoningEvents(step: ReasoningStep, id: string): Iterable<TimedEvent> {
  const item = { type: 'reasoning', id };
  yield now({ type: 'response.output_item.added', item: { ...item, summary: [] } });
  const part = { item_id: id, summary_index: 0 };
  yield now({ type: 'response.reasoning_summary_part.added', ...part });
  yield now({ type: 'response.reasoning_summary_text.delta', ...part, delta: step.summary });
  const content = step.text === undefined ? [] : [{ type: 'reasoning_text', text: step.text }];
  if (step.text !== undefined) {
    yield now({ type: 'response.reasoning_text.delta', item_id: id, content_index: 0, delta: step.text });
  }
  const summary = [{ type: 'summary_text', text: step.summary }];
  yield now({ type: 'response.output_item.done', item: { ...item, summary, content } });
}

function functionCallItem(step: FunctionCallStep, makeId: MakeId): object {
  const { name, namespace, arguments: args } = step;
  return {
    type: 'function_call',
    id: makeId('fc'),
    call_id: step.callId ?? makeId('call'),
    name,
    ...(namespace !== undefined && { namespace }),
    arguments: typeof args === 'string' ? args : JSON.stringify(args),
  };
}

function customToolCallItem(step: CustomToolCallStep, makeId: MakeId): object {
  const callId = step.callId ?? makeId('call');
  return { type: 'custom_tool_call', id: makeId('ctc'), call_id: callId, name: step.name, input: step.input };
}

function itemEvents(item: object): TimedEvent[] {
  return [
    now({ type: 'response.output_item.added', item }),
    now({ type: 'response.output_item.done', item }),
  ];
}

function now(event: StreamEvent): TimedEvent {
  return { event, delayMs: 0 };
}
