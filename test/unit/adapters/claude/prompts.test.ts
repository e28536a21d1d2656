import { describe, expect, it } from 'vitest';
import { Prompts } from '../../../../adapters/claude/prompts.ts';
import { connectionIdOf, threadIdSchema, turnIdSchema } from '../../../../machines/domain/ids.ts';
import type { ProviderReport } from '../../../../machines/ports/provider.ts';

const connectionId = connectionIdOf(threadIdSchema.parse('t'), 1);
const key = (turnId: string) => ({
  connectionId,
  turnId: turnIdSchema.parse(turnId),
  attempt: 1,
  nativeTurnId: null,
});
const prompt = (uuid: string) => ({ uuid, key: key(`turn-${uuid}`), steerId: null });
const steer = (uuid: string, of: string) => ({
  uuid,
  key: key(`turn-${of}`),
  steerId: turnIdSchema.parse(`steer-${uuid}`),
});
const DONE = { outcome: 'completed', failure: null } as const;
const CUT = { outcome: 'interrupted', failure: null } as const;
const LIFE = ['msg_lifecycle_v1'];

const brief = (reports: readonly ProviderReport[]): string[] =>
  reports.map((report) => {
    const native = 'nativeTurnId' in report ? report.nativeTurnId : '';
    const outcome = 'outcome' in report ? ` ${report.outcome}` : '';
    return `${report.type.replace('provider.', '')} ${native ?? '-'}${outcome}`;
  });

describe('messages that have a life of their own', () => {
  it('bind a prompt to its turn', () => {
    const prompts = new Prompts(connectionId);
    expect(brief(prompts.sent(prompt('a')))).toEqual([]);
    expect(brief(prompts.lifecycle('a', 'queued'))).toEqual(['turnAccepted a']);
    expect(brief(prompts.lifecycle('a', 'started'))).toEqual(['turnStarted a']);
    expect(brief(prompts.began('i', LIFE))).toEqual([]);
    expect(prompts.current).toEqual({ turnId: 'turn-a', attempt: 1, nativeTurnId: 'a' });
    expect(brief(prompts.ended(DONE))).toEqual(['turnEnded a completed']);
    expect(brief(prompts.lifecycle('a', 'completed'))).toEqual([]);
    expect(prompts.isRunning).toBe(false);
  });

  it('make a turn that none is behind one of claude', () => {
    const prompts = new Prompts(connectionId);
    expect(brief(prompts.began('i', LIFE))).toEqual(['turnStarted own:i']);
    expect(brief(prompts.ended(DONE))).toEqual(['turnEnded own:i completed']);
  });

  it('fold a prompt into the turn that runs when it is read', () => {
    const prompts = new Prompts(connectionId);
    prompts.began('i', LIFE);
    prompts.sent(prompt('a'));
    expect(brief(prompts.lifecycle('a', 'queued'))).toEqual([]);
    expect(brief(prompts.lifecycle('a', 'started'))).toEqual(['turnAccepted own:i']);
    expect(brief(prompts.ended(DONE))).toEqual(['turnEnded own:i completed']);
  });

  it('begin the turn of a prompt that waited for another one', () => {
    const prompts = new Prompts(connectionId);
    prompts.began('i', LIFE);
    prompts.sent(prompt('a'));
    prompts.lifecycle('a', 'queued');
    prompts.ended(DONE);
    expect(brief(prompts.lifecycle('a', 'started'))).toEqual(['turnAccepted a', 'turnStarted a']);
  });

  it('keep a turn open until the steers into it have been read', () => {
    const prompts = new Prompts(connectionId);
    prompts.sent(prompt('a'));
    prompts.lifecycle('a', 'started');
    prompts.sent(steer('b', 'a'));
    expect(brief(prompts.lifecycle('b', 'queued'))).toEqual(['steerAccepted -']);
    expect(brief(prompts.ended(DONE))).toEqual([]);
    expect(brief(prompts.lifecycle('b', 'started'))).toEqual([]);
    expect(brief(prompts.began('i', LIFE))).toEqual([]);
    expect(brief(prompts.ended(DONE))).toEqual(['turnEnded a completed']);
  });

  it('end a turn whose last steer was taken back, as it had ended', () => {
    const prompts = new Prompts(connectionId);
    prompts.sent(prompt('a'));
    prompts.lifecycle('a', 'started');
    prompts.sent(steer('b', 'a'));
    prompts.ended(DONE);
    expect(brief(prompts.lifecycle('b', 'cancelled'))).toEqual(['turnEnded a completed']);
  });

  it('forget the steers of a turn that is interrupted', () => {
    const prompts = new Prompts(connectionId);
    prompts.sent(prompt('a'));
    prompts.lifecycle('a', 'started');
    prompts.sent(steer('b', 'a'));
    expect(brief(prompts.ended(CUT))).toEqual(['turnEnded a interrupted']);
    expect(prompts.waiting).toEqual([]);
  });

  it('end a prompt that was taken back before it was read', () => {
    const prompts = new Prompts(connectionId);
    prompts.sent(prompt('a'));
    prompts.lifecycle('a', 'queued');
    expect(brief(prompts.lifecycle('a', 'cancelled'))).toEqual(['turnEnded a interrupted']);
  });
});

describe('an older version', () => {
  it('begins turns in the order of what asked for them', () => {
    const prompts = new Prompts(connectionId);
    prompts.sent(prompt('a'));
    expect(brief(prompts.began('i', []))).toEqual(['turnAccepted a', 'turnStarted a']);
    prompts.replayed('a');
    prompts.ended(DONE);
    prompts.taskEnded();
    prompts.taskEnded();
    expect(brief(prompts.sent(prompt('b')))).toEqual(['turnAccepted b']);
    expect(brief(prompts.began('j', []))).toEqual(['turnStarted own:j']);
    prompts.ended(DONE);
    expect(brief(prompts.began('k', []))).toEqual(['turnStarted b']);
  });

  it('repeats a prompt that it folds into another turn', () => {
    const prompts = new Prompts(connectionId);
    prompts.began('i', []);
    expect(brief(prompts.sent(prompt('a')))).toEqual([]);
    expect(brief(prompts.replayed('a'))).toEqual(['turnAccepted own:i']);
  });

  it('takes a steer as accepted when it is written, and reads it in a turn that goes on', () => {
    const prompts = new Prompts(connectionId);
    prompts.sent(prompt('a'));
    prompts.began('i', []);
    expect(brief(prompts.sent(steer('b', 'a')))).toEqual(['steerAccepted -']);
    expect(brief(prompts.ended(DONE))).toEqual([]);
    expect(brief(prompts.began('j', []))).toEqual([]);
    expect(brief(prompts.replayed('b'))).toEqual([]);
    expect(brief(prompts.ended(DONE))).toEqual(['turnEnded a completed']);
  });
});
