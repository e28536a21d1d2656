import { describe, expect, it } from 'vitest';
import { Sessions, type Session } from '../../../../adapters/codex/sessions.ts';
import { connectionIdOf, itemIdOf, threadIdSchema } from '../../../../machines/domain/ids.ts';

const threadId = threadIdSchema.parse('t');

function session(number: number, nativeThreadId: string): Session {
  const connectionId = connectionIdOf(threadId, number);
  return {
    connectionId,
    threadId,
    nativeThreadId,
    model: 'm',
    effort: null,
    settings: {
      model: 'm',
      cwd: '/',
      approvalPolicy: 'never',
      approvalsReviewer: 'user',
      sandbox: { type: 'readOnly' },
    },
    mode: 'default',
    asked: null,
    reviewTurnId: null,
    interrupted: null,
    compacting: null,
    parent: null,
  };
}

const agent = (turn: string) => ({
  nativeTurnId: turn,
  itemId: itemIdOf(turn, 'spawn'),
  begun: { nativeTurnId: turn, body: { kind: 'subagent', title: turn } as const },
});

describe('Sessions', () => {
  it('routes a thread to the newest connection that opened it', () => {
    const sessions = new Sessions();
    const [first, second] = [session(1, 'n'), session(2, 'n')];
    sessions.add(first);
    sessions.add(second);
    expect(sessions.route('n')?.session).toBe(second);
    expect(sessions.remove(first.connectionId)).toBe(first);
    expect(sessions.route('n')?.session).toBe(second);
    sessions.remove(second.connectionId);
    expect(sessions.route('n')).toBe(null);
    expect(sessions.remove(second.connectionId)).toBe(null);
  });

  it('routes sub-agents with their parent, keeps their first item, follows the turn, and forgets them with it', () => {
    const sessions = new Sessions();
    const parent = session(1, 'n');
    sessions.add(parent);
    sessions.adopt('child', { session: parent, agent: agent('T1') });
    sessions.adopt('child', { session: parent, agent: agent('T2') });
    expect(sessions.route('child')).toEqual({
      session: parent,
      agent: { ...agent('T1'), nativeTurnId: 'T2' },
    });
    sessions.remove(parent.connectionId);
    expect(sessions.route('child')).toBe(null);
  });

  it('never takes a thread from a connection of its own', () => {
    const sessions = new Sessions();
    const [parent, own] = [session(1, 'n'), session(2, 'child')];
    sessions.add(parent);
    sessions.add(own);
    sessions.adopt('child', { session: parent, agent: agent('T1') });
    expect(sessions.route('child')).toEqual({ session: own, agent: null });
  });
});
