import type { FrameShape, Improvised } from '../../machines/ports/provider.ts';
import { isMessage, jsonRpcPlayback, refused } from '../shared/json-rpc-playback.ts';

/** How recordings of agents are played: what the user did otherwise is answered as the protocol says. */
export const ACP_PLAYBACK = jsonRpcPlayback(['session/prompt'], improvise);

const SETTINGS: ReadonlySet<unknown> = new Set([
  'session/set_mode',
  'session/set_model',
  'session/set_config_option',
]);

function improvise(frame: unknown, why: string, promptId: FrameShape['id'] = null): Improvised {
  if (!isMessage(frame)) return { frames: [], endsTurn: false };
  const { id, method } = frame;
  if (method === 'session/cancel' && promptId !== null) {
    return { frames: [{ id: promptId, result: { stopReason: 'cancelled' } }], endsTurn: true };
  }
  return SETTINGS.has(method) ? { frames: [{ id, result: {} }], endsTurn: false } : refused(frame, why);
}
