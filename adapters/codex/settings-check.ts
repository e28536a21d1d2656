/** Whether codex goes by the settings that a prompt asked for. */
import { itemIdOf } from '../../machines/domain/ids.ts';
import { turnSettingsGap } from './requests.ts';
import type { Run } from './run.ts';
import type { Route, Session } from './sessions.ts';
import * as wire from './wire.ts';
import type { Frame } from './wire.ts';

/** By then codex has surely said what it goes by: under load 0.169.0 says it after the answer to the prompt. */
const SURE: ReadonlySet<string> = new Set(['thread/tokenUsage/updated', 'turn/completed']);

/** Takes note of what codex goes by, and tells once per prompt of what is otherwise than that asked for. */
export function checkSettings(run: Run, { session, agent }: Route, frame: Frame): void {
  if (agent !== null) return;
  if (frame.method === 'thread/settings/updated') return note(session, frame);
  if (!SURE.has(frame.method) || session.asked === null) return;
  const { turn, settings } = session.asked;
  session.asked = null;
  const gap = turnSettingsGap(settings, session.settings);
  if (gap.length === 0) return;
  run.report(session, {
    type: 'provider.itemCompleted',
    ...turn,
    item: {
      itemId: itemIdOf(turn.nativeTurnId, 'settings'),
      body: { kind: 'notice', tone: 'error', topic: 'settings.notApplied' },
      text: gap.join('\n'),
      status: 'completed',
    },
  });
}

function note(session: Session, { params }: Frame): void {
  const { data } = wire.settingsNoticeSchema.safeParse(params);
  if (data === undefined) return;
  const { sandboxPolicy: sandbox, collaborationMode, ...settings } = data.threadSettings;
  session.settings = { ...settings, sandbox };
  session.mode = collaborationMode?.mode === 'plan' ? 'plan' : 'default';
}
