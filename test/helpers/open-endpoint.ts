import { onTestFinished } from 'vitest';
import type { Script } from '../model-endpoint/script.ts';
import { startModelEndpoint, type ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';

/** Closed with its test. */
export async function openEndpoint(script: Script): Promise<ModelEndpoint> {
  const endpoint = await startModelEndpoint(script);
  onTestFinished(() => endpoint.close());
  return endpoint;
}
