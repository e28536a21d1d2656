import type { Improvised } from '../../machines/ports/provider.ts';
import { isMessage, jsonRpcPlayback, refused } from '../shared/json-rpc-playback.ts';

const PROMPTS = ['POST /session/{id}/prompt_async', 'POST /session/{id}/summarize'];

/** How recordings of opencode are played: what the user did otherwise is answered as opencode 1.18.33 does. */
export const OPENCODE_PLAYBACK = jsonRpcPlayback(PROMPTS, improvise);

function improvise(frame: unknown, why: string): Improvised {
  if (!isMessage(frame) || typeof frame['method'] !== 'string' || frame['id'] === undefined) {
    return { frames: [], endsTurn: false };
  }
  const { id, method } = frame;
  const answer = (result: unknown): Improvised => ({ frames: [{ id, result }], endsTurn: false });
  switch (method) {
    case 'POST /session/{id}/abort':
      return { frames: [...idle(frame), { id, result: true }], endsTurn: true };
    // nothing runs in a recording
    case 'GET /session/status':
      return answer({});
    case 'GET /permission':
    case 'GET /question':
    case 'GET /session/{id}/message':
      return answer([]);
    case 'POST /permission/{id}/reply':
    case 'POST /question/{id}/reply':
    case 'POST /question/{id}/reject':
      return answer(true);
    default:
      return refused(frame, why);
  }
}

/** An abort before anything was said. */
function idle(frame: Readonly<Record<string, unknown>>): object[] {
  const params = isMessage(frame['params']) ? frame['params'] : {};
  const path = isMessage(params['path']) ? params['path'] : {};
  const sessionID = path['id'];
  const error = { name: 'MessageAbortedError', data: { message: 'Aborted' } };
  return [
    { method: 'event', params: { payload: { type: 'session.error', properties: { sessionID, error } } } },
    { method: 'event', params: { payload: { type: 'session.idle', properties: { sessionID } } } },
  ];
}
