/** What opencode is asked; each names the folder that it is about. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type {
  SessionCreateData,
  SessionPromptAsyncData,
  SessionSummarizeData,
} from '@opencode-ai/sdk/v2/types';
import type { PromptSettings } from '../../machines/domain/effect.ts';
import type { Settings } from '../../machines/domain/settings.ts';
import type { Prompt } from '../../machines/domain/turn.ts';
import { mediaTypeOf } from '../shared/media-type.ts';
import { partIdOf } from './message-ids.ts';
import { rulesFor, type Rule } from './policy.ts';

/** A request, as the line that asks for it. */
export interface Call {
  readonly method: string;
  readonly params: {
    readonly path?: Readonly<Record<string, string>>;
    readonly query?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
}

/** Where a session is. */
export interface Place {
  readonly nativeThreadId: string;
  readonly directory: string;
}

type Body<T extends { body?: unknown }> = NonNullable<T['body']>;

const inFolder = (method: string, directory: string, body?: unknown): Call => ({
  method,
  params: { query: { directory }, ...(body === undefined ? {} : { body }) },
});

const inSession = (method: string, { nativeThreadId, directory }: Place, body?: unknown): Call => ({
  method,
  params: { path: { id: nativeThreadId }, query: { directory }, ...(body === undefined ? {} : { body }) },
});

export const HEALTH: Call = { method: 'GET /global/health', params: {} };
export const PROVIDERS: Call = { method: 'GET /config/providers', params: {} };
export const CONFIG: Call = { method: 'GET /config', params: {} };
export const COMMANDS: Call = { method: 'GET /command', params: {} };

/** With a title of ours the model is not asked for one. */
export function createSession(settings: Settings): Call {
  const body: Body<SessionCreateData> = {
    title: settings.title === '' ? `Threadchart: ${basename(settings.cwd)}` : settings.title,
    permission: [...rulesFor(settings)],
  };
  return inFolder('POST /session', settings.cwd, body);
}

/** With the history before that message, or all of it. */
export const forkSession = (place: Place, messageID: string | null): Call =>
  inSession('POST /session/{id}/fork', place, messageID === null ? {} : { messageID });
/** Takes that message and all after it out, and puts back the files that its tools have changed since. */
export const revertSession = (place: Place, messageID: string): Call =>
  inSession('POST /session/{id}/revert', place, { messageID });
export const unrevertSession = (place: Place): Call => inSession('POST /session/{id}/unrevert', place);
/** Takes one message out, and leaves the files as they are. */
export const deleteMessage = ({ nativeThreadId: id, directory }: Place, messageId: string): Call => ({
  method: 'DELETE /session/{id}/message/{messageId}',
  params: { path: { id, messageId }, query: { directory } },
});
export const readSession = (place: Place): Call => inSession('GET /session/{id}', place);
/** Rules are added to those that are there. */
export const addRules = (place: Place, permission: readonly Rule[]): Call =>
  inSession('PATCH /session/{id}', place, { permission });
export const readStatuses = ({ directory }: Place): Call => inFolder('GET /session/status', directory);
export const listPermissions = ({ directory }: Place): Call => inFolder('GET /permission', directory);
export const listQuestions = ({ directory }: Place): Call => inFolder('GET /question', directory);
export const abortSession = (place: Place): Call => inSession('POST /session/{id}/abort', place);

/** The newest messages, the oldest of them first. */
export const readMessages = ({ nativeThreadId: id, directory }: Place, limit: number): Call => ({
  method: 'GET /session/{id}/message',
  params: { path: { id }, query: { directory, limit: String(limit) } },
});

export function summarize(place: Place, model: string): Call {
  const body: Body<SessionSummarizeData> = modelOf(model);
  return inSession('POST /session/{id}/summarize', place, body);
}

type Reply = { readonly reply: 'once' | 'reject'; readonly message?: string };

export const replyTo = (requestId: string, directory: string, body: Reply): Call => ({
  method: 'POST /permission/{id}/reply',
  params: { path: { id: requestId }, query: { directory }, body },
});

export const answerTo = (
  requestId: string,
  directory: string,
  answers: readonly (readonly string[])[],
): Call => ({
  method: 'POST /question/{id}/reply',
  params: { path: { id: requestId }, query: { directory }, body: { answers } },
});

export const dismiss = (requestId: string, directory: string): Call => ({
  method: 'POST /question/{id}/reject',
  params: { path: { id: requestId }, query: { directory } },
});

// ---- prompts -----------------------------------------------------------------------------------------------------

/** What `options` of a thread or prompt can say to opencode. */
export const OPTIONS: ReadonlySet<string> = new Set(['agent', 'variant']);

export interface PromptParts {
  readonly messageId: string;
  readonly prompt: Prompt;
  readonly settings: PromptSettings;
  /** `null`: opencode's own, or the one before. */
  readonly model: string | null;
  readonly imagePaths: readonly string[];
}

/** @throws {Error} when an image cannot be read */
export async function promptSession(place: Place, asked: PromptParts): Promise<Call> {
  const { messageId, prompt, settings, model, imagePaths } = asked;
  const { agent, variant } = settings.options;
  const chosen = settings.interactionMode === 'plan' ? 'plan' : agent;
  const images = await Promise.all(imagePaths.map(imagePart));
  const parts = [{ type: 'text' as const, text: prompt.text }, ...images];
  const body: Body<SessionPromptAsyncData> = {
    messageID: messageId,
    ...(model === null ? {} : { model: modelOf(model) }),
    ...(typeof chosen === 'string' ? { agent: chosen } : {}),
    ...(typeof variant === 'string' ? { variant } : {}),
    parts: parts.map((part, index) => ({ id: partIdOf(messageId, index), ...part })),
  };
  return inSession('POST /session/{id}/prompt_async', place, body);
}

async function imagePart(path: string) {
  const bytes = await readFile(path);
  const mime = mediaTypeOf(bytes);
  return {
    type: 'file' as const,
    mime,
    filename: basename(path),
    url: `data:${mime};base64,${bytes.toString('base64')}`,
  };
}

/** `provider/model`; models of some providers have a slash of their own. */
export function modelOf(model: string): { providerID: string; modelID: string } {
  const slash = model.indexOf('/');
  return { providerID: model.slice(0, Math.max(0, slash)), modelID: model.slice(slash + 1) };
}
