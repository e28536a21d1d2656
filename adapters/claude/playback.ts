import type { FrameShape, Improvised, PlaybackProtocol } from '../../machines/ports/provider.ts';

type Message = Readonly<Record<string, unknown>>;

const NO_MESSAGE: FrameShape = { kind: 'notice', name: '', id: null };
const NOTHING: Improvised = { frames: [], endsTurn: false };

/** How recordings of claude are played: what the user did otherwise is answered as claude 2.1.329 does. */
export const CLAUDE_PLAYBACK: PlaybackProtocol = { shapeOf, withId, improvise };

const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const textIn = (message: Message, key: string): string | null => {
  const value = message[key];
  return typeof value === 'string' ? value : null;
};
const partOf = (message: Message, key: string): Message => {
  const part = message[key];
  return isMessage(part) ? part : {};
};

function shapeOf(frame: unknown): FrameShape {
  if (!isMessage(frame)) return NO_MESSAGE;
  const type = textIn(frame, 'type') ?? '';
  switch (type) {
    case 'user':
      // what claude hears of its tools, and repeats of prompts, name their session
      return 'session_id' in frame
        ? { ...NO_MESSAGE, name: type }
        : { kind: 'prompt', name: type, id: textIn(frame, 'uuid') };
    case 'control_request': {
      const name = textIn(partOf(frame, 'request'), 'subtype') ?? '';
      return { kind: 'request', name, id: textIn(frame, 'request_id') };
    }
    case 'control_response':
      return { kind: 'answer', name: '', id: textIn(partOf(frame, 'response'), 'request_id') };
    default:
      return { ...NO_MESSAGE, name: type };
  }
}

function withId(frame: unknown, id: FrameShape['id']): unknown {
  if (!isMessage(frame)) return frame;
  return { ...frame, response: { ...partOf(frame, 'response'), request_id: id } };
}

function improvise(frame: unknown, why: string): Improvised {
  if (!isMessage(frame)) return NOTHING;
  const { kind, name, id } = shapeOf(frame);
  if (kind === 'prompt') return { frames: unheard(id, why), endsTurn: false };
  if (kind !== 'request') return NOTHING;
  const answered = (response: object) => ({
    type: 'control_response',
    response: { subtype: 'success', request_id: id, response },
  });
  switch (name) {
    case 'interrupt':
      return { frames: [answered({ still_queued: [] }), ABORTED], endsTurn: true };
    case 'cancel_async_message':
      return { frames: [answered({ cancelled: true })], endsTurn: false };
    case 'set_model':
    case 'set_permission_mode':
    case 'apply_flag_settings':
      return { frames: [answered({})], endsTurn: false };
    default: {
      const response = { subtype: 'error', request_id: id, error: why };
      return { frames: [{ type: 'control_response', response }], endsTurn: false };
    }
  }
}

const ABORTED = {
  type: 'result',
  subtype: 'error_during_execution',
  is_error: true,
  terminal_reason: 'aborted_streaming',
};

/** A turn that fails at once: claude has no way to refuse a message. */
const unheard = (uuid: FrameShape['id'], why: string) => [
  { type: 'command_lifecycle', command_uuid: uuid, state: 'queued' },
  { type: 'command_lifecycle', command_uuid: uuid, state: 'started' },
  { type: 'result', subtype: 'error_during_execution', is_error: true, errors: [why] },
];
