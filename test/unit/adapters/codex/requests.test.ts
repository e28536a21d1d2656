import { describe, expect, it } from 'vitest';
import {
  resumeThread,
  settingsGap,
  startThread,
  startTurn,
  steerTurn,
  updateSettings,
  type PromptTarget,
} from '../../../../adapters/codex/requests.ts';
import type { PromptSettings } from '../../../../machines/domain/effect.ts';
import {
  connectionIdOf,
  instanceIdSchema,
  threadIdSchema,
  turnIdSchema,
} from '../../../../machines/domain/ids.ts';
import type { Settings } from '../../../../machines/domain/settings.ts';

const settings: Settings = {
  title: '',
  cwd: '/ws',
  instanceId: instanceIdSchema.parse('codex'),
  model: null,
  options: {},
  runtimeMode: 'auto-accept-edits',
  policy: {},
  interactionMode: 'default',
  deliveryMode: 'streaming',
};
const target: PromptTarget = {
  nativeThreadId: 'n',
  model: 'opened',
  effort: null,
  mode: 'default',
  imagePaths: [],
};
const turnId = turnIdSchema.parse('turn');
const key = {
  connectionId: connectionIdOf(threadIdSchema.parse('t'), 1),
  turnId,
  attempt: 1,
  nativeTurnId: null,
};

function start(more: Partial<PromptSettings> = {}, to: Partial<PromptTarget> = {}) {
  const { model, options, runtimeMode, interactionMode, policy, cwd } = settings;
  return startTurn(
    {
      type: 'turn.start',
      ...key,
      prompt: { turnId, text: 'hello', attachments: [] },
      settings: { model, options, runtimeMode, interactionMode, policy, cwd, ...more },
      clientMessageId: 'turn.1',
    },
    { ...target, ...to },
  );
}

describe('opening a thread', () => {
  it('says the settings, and all of them again on a resume', () => {
    const said = {
      cwd: '/ws',
      approvalPolicy: 'on-request',
      approvalsReviewer: 'user',
      sandbox: 'workspace-write',
    };
    expect(startThread(settings)).toEqual(said);
    expect(resumeThread('n', { ...settings, model: 'm' })).toEqual({
      threadId: 'n',
      excludeTurns: true,
      model: 'm',
      ...said,
    });
    expect(updateSettings('n', settings)).toMatchObject({
      threadId: 'n',
      sandboxPolicy: { type: 'workspaceWrite' },
    });
  });

  it('finds what codex answered otherwise', () => {
    const answer = {
      thread: { id: 'n', status: { type: 'idle' } },
      model: 'm',
      cwd: '/ws',
      approvalPolicy: 'on-request',
      approvalsReviewer: 'user',
      sandbox: { type: 'workspaceWrite' },
    };
    expect(settingsGap(settings, answer)).toEqual([]);
    expect(settingsGap({ ...settings, cwd: '/ws/' }, answer)).toEqual([]);
    expect(
      settingsGap(
        { ...settings, model: 'other', cwd: '/else' },
        { ...answer, sandbox: { type: 'readOnly' } },
      ),
    ).toEqual([
      'sandbox: asked for workspaceWrite, got "readOnly"',
      'cwd: asked for /else, got "/ws"',
      'model: asked for other, got "m"',
    ]);
  });
});

describe('starting a turn', () => {
  it('says the prompt, our id for it and every setting', () => {
    expect(start()).toEqual({
      threadId: 'n',
      clientUserMessageId: 'turn.1',
      input: [{ type: 'text', text: 'hello', text_elements: [] }],
      cwd: '/ws',
      model: 'opened',
      approvalPolicy: 'on-request',
      approvalsReviewer: 'user',
      sandboxPolicy: {
        type: 'workspaceWrite',
        writableRoots: [],
        networkAccess: false,
        excludeTmpdirEnvVar: false,
        excludeSlashTmp: false,
      },
    });
  });

  it('adds images by their path', () => {
    expect(start({}, { imagePaths: ['/a.png'] }).input.at(-1)).toEqual({
      type: 'localImage',
      path: '/a.png',
    });
  });

  it('passes the options that codex has', () => {
    const options = { effort: 'high', summary: 'concise', serviceTier: 'priority', fast: true };
    const params = start({ options, model: 'other' });
    expect(params).toMatchObject({
      model: 'other',
      effort: 'high',
      summary: 'concise',
      serviceTier: 'priority',
    });
    expect(params).not.toHaveProperty('fast');
    expect(start({ options: { summary: 'no such', effort: 3 } })).not.toHaveProperty('summary');
    expect(start({}, { effort: 'low' })).toMatchObject({ effort: 'low' });
  });

  it('names the mode only where it is or was plan', () => {
    expect(start()).not.toHaveProperty('collaborationMode');
    const plan = { model: 'opened', reasoning_effort: null, developer_instructions: null };
    expect(start({ interactionMode: 'plan' }).collaborationMode).toEqual({ mode: 'plan', settings: plan });
    expect(start({ interactionMode: 'plan' }, { mode: 'plan' }).collaborationMode?.mode).toBe('plan');
    expect(start({}, { mode: 'plan' }).collaborationMode).toEqual({ mode: 'default', settings: plan });
  });
});

describe('steering a turn', () => {
  it('names the turn that it is for', () => {
    const steer = { turnId: turnIdSchema.parse('steer'), text: 'left', attachments: [] };
    const effect = {
      type: 'turn.steer',
      ...key,
      nativeTurnId: 'T',
      steer,
      clientMessageId: 'steer.1',
    } as const;
    expect(steerTurn(effect, target)).toEqual({
      threadId: 'n',
      clientUserMessageId: 'steer.1',
      input: [{ type: 'text', text: 'left', text_elements: [] }],
      expectedTurnId: 'T',
    });
  });
});
