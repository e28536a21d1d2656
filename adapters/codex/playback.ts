import type { Improvised } from '../../machines/ports/provider.ts';
import { isMessage, jsonRpcPlayback, refused } from '../shared/json-rpc-playback.ts';

/** How recordings of codex are played: what the user did otherwise is answered as codex 0.169.0 does. */
export const CODEX_PLAYBACK = jsonRpcPlayback(['turn/start'], improvise);

function improvise(frame: unknown, why: string): Improvised {
  if (!isMessage(frame) || typeof frame['method'] !== 'string' || frame['id'] === undefined) {
    return { frames: [], endsTurn: false };
  }
  const { id, method } = frame;
  const params = isMessage(frame['params']) ? frame['params'] : {};
  const answer = (result: object): Improvised => ({ frames: [{ id, result }], endsTurn: false });
  switch (method) {
    case 'turn/interrupt':
      return { frames: [{ id, result: {} }, ...interrupted(params)], endsTurn: true };
    case 'thread/backgroundTerminals/clean':
      return answer({});
    // nothing runs in a recording
    case 'thread/backgroundTerminals/list':
    case 'thread/list':
    case 'thread/turns/list':
      return answer({ data: [], nextCursor: null });
    case 'thread/unsubscribe':
      return answer({ status: 'unsubscribed' });
    case 'thread/read':
      return answer({ thread: { id: params['threadId'], status: { type: 'idle' } } });
    default:
      return refused(frame, why);
  }
}

const interrupted = ({ threadId, turnId }: Readonly<Record<string, unknown>>) => [
  { method: 'thread/status/changed', params: { threadId, status: { type: 'idle' } } },
  {
    method: 'turn/completed',
    params: { threadId, turn: { id: turnId, items: [], status: 'interrupted', error: null } },
  },
];
