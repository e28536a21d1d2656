import { readFile } from 'node:fs/promises';
import type { Prompt } from '../../machines/domain/turn.ts';
import { mediaTypeOf } from '../shared/media-type.ts';
import { PROTOCOL_VERSION } from './launch.ts';
import type { Preset } from './presets.ts';

/** What this client offers to an agent. */
export const initializeFor = ({ readsFiles }: Preset) => ({
  protocolVersion: PROTOCOL_VERSION,
  clientInfo: { name: 'threadchart', version: '1' },
  clientCapabilities: {
    fs: { readTextFile: readsFiles, writeTextFile: true },
    terminal: true,
    elicitation: { form: {}, url: {} },
  },
});

/** @throws {Error} when an image cannot be read */
export async function promptBlocks(
  { text }: Prompt,
  imagePaths: readonly string[],
): Promise<readonly object[]> {
  const images = await Promise.all(imagePaths.map(imageBlock));
  return [...images, { type: 'text', text }];
}

async function imageBlock(path: string): Promise<object> {
  const bytes = await readFile(path);
  return { type: 'image', mimeType: mediaTypeOf(bytes), data: bytes.toString('base64') };
}
