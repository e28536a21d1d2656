import { readFile } from 'node:fs/promises';
import type { PromptSettings } from '../../machines/domain/effect.ts';
import type { Prompt } from '../../machines/domain/turn.ts';
import { mediaTypeOf } from '../shared/media-type.ts';
import type { CursorPolicy } from './policy.ts';
import type { Models } from './wire.ts';

interface OpenAgent {
  readonly agentId: string;
  readonly isNew: boolean;
  readonly cwd: string;
  readonly model: string;
  readonly policy: CursorPolicy;
}

export const openParams = ({ policy, ...agent }: OpenAgent): object => ({ ...agent, ...policy });

/** Why nothing can be begun. */
export const NO_MODEL =
  'no model is known, and the SDK has no default: log in to cursor (CURSOR_API_KEY), or name a model';

/** The SDK has no default of its own: a local agent must be told a model. `null`: none is known. */
export const defaultModel = (models: Models): string | null =>
  (models.find(({ id }) => id === 'auto' || id === 'default') ?? models[0])?.id ?? null;

/** The model of a prompt with those of the options that the model has. */
export function modelFor(
  { model, options }: Pick<PromptSettings, 'model' | 'options'>,
  models: Models,
): { readonly id: string; readonly params: readonly { id: string; value: string }[] } | null {
  const id = model ?? defaultModel(models);
  if (id === null) return null;
  const params = Object.entries(options).filter(([name]) => optionsOf(id, models).has(name));
  return { id, params: params.map(([name, value]) => ({ id: name, value: String(value) })) };
}

/** Names in `options` that the model has not. */
export function unknownOptions(
  { model, options }: Pick<PromptSettings, 'model' | 'options'>,
  models: Models,
): readonly string[] {
  const known = optionsOf(model ?? defaultModel(models) ?? '', models);
  return Object.keys(options).filter((name) => !known.has(name));
}

const optionsOf = (modelId: string, models: Models): ReadonlySet<string> =>
  new Set(models.find(({ id }) => id === modelId)?.parameters?.map(({ id }) => id));

/** @throws {Error} when an image cannot be read */
export async function imagesOf(paths: readonly string[]): Promise<readonly object[]> {
  return Promise.all(
    paths.map(async (path) => {
      const bytes = await readFile(path);
      return { data: bytes.toString('base64'), mimeType: mediaTypeOf(bytes) };
    }),
  );
}

/** What is handed over for a prompt. `key`: our own id of it, by which it is found again and never run twice. */
export const sendParams = (
  { text }: Pick<Prompt, 'text'>,
  rest: {
    readonly key: string;
    readonly images: readonly object[];
    readonly model: object;
    readonly mode: 'agent' | 'plan';
  },
): object => ({ text, ...rest });
