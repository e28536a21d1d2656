/** What the player of recordings has to know of JSON-RPC over lines. */
import type { FrameShape, PlaybackProtocol } from '../../machines/ports/provider.ts';

type Message = Readonly<Record<string, unknown>>;

const NO_MESSAGE: FrameShape = { kind: 'notice', name: '', id: null };

/** The shapes of a protocol whose turns begin with one of the methods in `prompts`. */
export function jsonRpcPlayback(
  prompts: readonly string[],
  improvise: PlaybackProtocol['improvise'] = refused,
): PlaybackProtocol {
  return {
    shapeOf: (frame) => shapeOf(frame, prompts),
    withId: (frame, id) => (isMessage(frame) ? { ...frame, id } : frame),
    improvise,
  };
}

/** An error for a request; anything else needs no answer. */
export function refused(frame: unknown, why: string): ReturnType<PlaybackProtocol['improvise']> {
  const { kind, id } = shapeOf(frame, []);
  return {
    frames: kind === 'request' ? [{ id, error: { code: -32_000, message: why } }] : [],
    endsTurn: false,
  };
}

function shapeOf(frame: unknown, prompts: readonly string[]): FrameShape {
  if (!isMessage(frame)) return NO_MESSAGE;
  const { method } = frame;
  const id = typeof frame['id'] === 'string' || typeof frame['id'] === 'number' ? frame['id'] : null;
  if (typeof method !== 'string') return id === null ? NO_MESSAGE : { kind: 'answer', name: '', id };
  if (id === null) return { kind: 'notice', name: method, id };
  return { kind: prompts.includes(method) ? 'prompt' : 'request', name: method, id };
}

export const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
