import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { PromptSettings } from '../../machines/domain/effect.ts';
import type { Prompt } from '../../machines/domain/turn.ts';
import { mediaTypeOf } from '../shared/media-type.ts';
import { policyFor, type ClaudePolicy } from './policy.ts';

/** What a session is set to; each prompt may ask for something else. */
export interface InEffect extends ClaudePolicy {
  /** `null`: claude's default. */
  readonly model: string | null;
  readonly effort: string | null;
}

export function wanted(settings: Omit<PromptSettings, 'cwd'>): InEffect {
  const { effort } = settings.options;
  return {
    ...policyFor(settings),
    model: settings.model,
    effort: typeof effort === 'string' ? effort : null,
  };
}

/** What `options` of a thread or prompt can say to claude. */
export const OPTIONS: ReadonlySet<string> = new Set(['effort']);

/** A uuid from our own id of a message, so that a restart finds it again: claude keeps it in its transcript. */
export function messageUuid(clientMessageId: string): string {
  const hex = createHash('sha256').update(clientMessageId).digest('hex');
  const [a, b, c, d, e] = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(13, 16),
    hex.slice(17, 20),
    hex.slice(20, 32),
  ];
  return `${a}-${b}-8${c}-8${d}-${e}`;
}

/** @throws {Error} when an image cannot be read */
export async function userMessage(
  { text }: Prompt,
  imagePaths: readonly string[],
  uuid: string,
): Promise<object> {
  const images = await Promise.all(imagePaths.map(imageBlock));
  return messageOf(images.length === 0 ? text : [...images, { type: 'text', text }], uuid);
}

export const messageOf = (content: string | readonly object[], uuid: string): object => ({
  type: 'user',
  message: { role: 'user', content },
  parent_tool_use_id: null,
  uuid,
});

async function imageBlock(path: string): Promise<object> {
  const bytes = await readFile(path);
  const source = { type: 'base64', media_type: mediaTypeOf(bytes), data: bytes.toString('base64') };
  return { type: 'image', source };
}
