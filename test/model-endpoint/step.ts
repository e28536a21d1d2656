/** Tokens that a reply says it used; the total is their sum. */
export interface Usage {
  readonly inputTokens: number;
  readonly cachedInputTokens?: number;
  readonly outputTokens: number;
  readonly reasoningTokens?: number;
}

/** An assistant message, streamed in deltas of `chunkLength` characters with `delayMs` before each. */
export interface TextStep {
  readonly kind: 'text';
  readonly text: string;
  /** Characters a delta; default: the whole text in one. */
  readonly chunkLength?: number;
  /** Default 0. */
  readonly delayMs?: number;
  /** Default: unique in the endpoint. Codex uses it as its own item id. */
  readonly id?: string;
  readonly phase?: 'commentary' | 'final_answer';
}

/** A reasoning item: a summary part and, where given, raw reasoning text. */
export interface ReasoningStep {
  readonly kind: 'reasoning';
  readonly summary: string;
  readonly text?: string;
  readonly id?: string;
}

/** A call of a tool with JSON arguments; a string is sent as it is, so broken JSON can be tried. */
export interface FunctionCallStep {
  readonly kind: 'functionCall';
  readonly name: string;
  readonly arguments: unknown;
  /** For MCP tools and sub-agents, for example `mcp__tiny`. */
  readonly namespace?: string;
  readonly callId?: string;
}

/** A call of a tool with free-form input, such as `apply_patch`. */
export interface CustomToolCallStep {
  readonly kind: 'customToolCall';
  readonly name: string;
  readonly input: string;
  readonly callId?: string;
}

/**
 * Any server-sent event as it is; `response.failed`, `.incomplete` and `.completed` end the reply. In Chat Completions
 * `{type: 'finish', reason}` says why it ends.
 */
export interface EventStep {
  readonly kind: 'event';
  readonly event: StreamEvent;
}

/** Makes an id that is unique in the endpoint, such as `msg_7`. */
export type MakeId = (prefix: string) => string;

/** One server-sent event. */
export interface StreamEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** The steps that are sent to the client as server-sent events. */
export type OutputStep = TextStep | ReasoningStep | FunctionCallStep | CustomToolCallStep | EventStep;

/** The steps that shape the reply: its timing, its end, its usage. */
export type ControlStep =
  | { readonly kind: 'usage'; readonly usage: Usage }
  | { readonly kind: 'delay'; readonly durationMs: number }
  | { readonly kind: 'gate'; readonly name: string }
  | HttpErrorStep
  | { readonly kind: 'drop' }
  | { readonly kind: 'hang' };

/** An answer without a stream; only as the first output of a reply. */
export interface HttpErrorStep {
  readonly kind: 'httpError';
  readonly status: number;
  /** Sent as JSON unless it is a string; default: an error of that status in the form of the API. */
  readonly body?: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** One thing that the model does in its reply. */
export type Step = OutputStep | ControlStep;

type Options<S> = Omit<Partial<S>, 'kind'>;

export function text(content: string, options: Options<Omit<TextStep, 'text'>> = {}): TextStep {
  return { kind: 'text', text: content, ...options };
}

export function reasoning(
  summary: string,
  options: Options<Omit<ReasoningStep, 'summary'>> = {},
): ReasoningStep {
  return { kind: 'reasoning', summary, ...options };
}

type CallOptions = Options<Pick<FunctionCallStep, 'namespace' | 'callId'>>;

export function functionCall(name: string, args: unknown, options: CallOptions = {}): FunctionCallStep {
  return { kind: 'functionCall', name, arguments: args, ...options };
}

type CustomCallOptions = Options<Pick<CustomToolCallStep, 'callId'>>;

export function customToolCall(
  name: string,
  input: string,
  options: CustomCallOptions = {},
): CustomToolCallStep {
  return { kind: 'customToolCall', name, input, ...options };
}

export function event(streamEvent: StreamEvent): EventStep {
  return { kind: 'event', event: streamEvent };
}

/** What the closing `response.completed` reports; default 10 in, 5 out. */
export function usage(tokens: Usage): Step {
  return { kind: 'usage', usage: tokens };
}

export function delay(durationMs: number): Step {
  return { kind: 'delay', durationMs };
}

/** Holds the reply until the test calls `endpoint.gate(name).release()`. */
export function gate(name: string): Step {
  return { kind: 'gate', name };
}

type HttpErrorOptions = Options<Pick<HttpErrorStep, 'body' | 'headers'>>;

export function httpError(status: number, options: HttpErrorOptions = {}): HttpErrorStep {
  return { kind: 'httpError', status, headers: {}, ...options };
}

/** Destroys the socket, after what was sent before has left. */
export function drop(): Step {
  return { kind: 'drop' };
}

/** Never goes on: the reply ends with the client's or the endpoint's closing. */
export function hang(): Step {
  return { kind: 'hang' };
}
