import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Conversation } from '../../../../adapters/opencode/conversation.ts';
import { ROUTED } from '../../../../adapters/opencode/frames.ts';
import { IGNORED, IGNORED_OF_PROCESS } from '../../../../adapters/opencode/ignored.ts';
import { translate, TRANSLATIONS } from '../../../../adapters/opencode/translate.ts';
import { connectionIdOf, threadIdSchema, turnIdSchema } from '../../../../machines/domain/ids.ts';
import type { ProviderReport } from '../../../../machines/ports/provider.ts';
import { schemaOf } from '../../../helpers/provider-harness.ts';
import { factsFileOf, recordingFiles } from '../../../replay/recording-files.ts';

const connectionId = connectionIdOf(threadIdSchema.parse('t'), 1);
const PROMPT = 'msg_000000001000AAAAAAAAAAAAAA';
const ANSWER = 'msg_000000002000AAAAAAAAAAAAAA';
const sessionID = 'ses_a';

/** A session whose prompt has been handed over. */
class Session {
  readonly talk = new Conversation('');
  readonly reports: ProviderReport[] = [];

  constructor() {
    const turnId = turnIdSchema.parse('turn');
    this.talk.begin(PROMPT, { connectionId, turnId, attempt: 1, nativeTurnId: null });
  }

  hear(type: string, properties: object): this {
    const scope = { connectionId, rawRef: `log:${this.reports.length}`, talk: this.talk, agent: null };
    for (const report of translate({ type, properties: { sessionID, ...properties } }, scope)) {
      schemaOf(report).parse(report);
      this.reports.push(report);
    }
    return this;
  }

  prompt = () => this.hear('message.updated', { info: { id: PROMPT, sessionID, role: 'user' } });
  busy = () => this.hear('session.status', { status: { type: 'busy' } });
  idle = () => this.hear('session.idle', {});
  error = (name: string) => this.hear('session.error', { error: { name, data: { message: name } } });
  answer = (more: object = {}) =>
    this.hear('message.updated', {
      info: { id: ANSWER, sessionID, role: 'assistant', parentID: PROMPT, time: {}, ...more },
    });
  part = (part: object) =>
    this.hear('message.part.updated', { part: { id: 'prt_1', sessionID, messageID: ANSWER, ...part } });

  get told(): string {
    return this.reports
      .map((report) => ('outcome' in report ? `${report.type}:${report.outcome}` : report.type))
      .map((line) => line.replace('provider.', ''))
      .join(' ');
  }
}

const DONE = { time: { completed: 1 } };
const ABORTED = { error: { name: 'MessageAbortedError', data: { message: 'Aborted' } } };

describe('the end of a turn', () => {
  const begun = (): Session => new Session().prompt().busy().answer();

  it('is the first idle after the newest message is complete', () => {
    const session = begun().answer({ ...DONE, finish: 'tool-calls' });
    const second = 'msg_000000003000AAAAAAAAAAAAAA';
    session
      .busy()
      .answer({ id: second })
      .answer({ id: second, ...DONE, finish: 'stop' })
      .busy();
    expect(session.told).toBe('turnAccepted turnStarted');
    expect(session.idle().told).toBe('turnAccepted turnStarted turnEnded:completed');
    expect(session.idle().told).toBe('turnAccepted turnStarted turnEnded:completed');
  });

  it('waits after an abort for the second idle', () => {
    const session = begun().error('MessageAbortedError').idle();
    expect(session.told).toBe('turnAccepted turnStarted');
    expect(session.answer({ ...DONE, ...ABORTED }).idle().told).toMatch(/ turnEnded:interrupted$/);
  });

  it('is none by an error that opencode recovers from', () => {
    const session = begun().error('ContextOverflowError').busy();
    expect(session.told).toBe('turnAccepted turnStarted');
    expect(session.answer({ ...DONE, finish: 'stop' }).idle().told).toMatch(/ turnEnded:completed$/);
  });

  it('is at once where nothing ever runs', () => {
    expect(new Session().prompt().error('UnknownError').told).toBe(
      'turnAccepted itemCompleted turnEnded:failed',
    );
  });

  it('is not taken from the turn before', () => {
    expect(new Session().prompt().error('MessageAbortedError').idle().told).toBe('turnAccepted');
  });

  it.each([
    [{ finish: 'tool-calls' }, 'interrupted'],
    [{ finish: 'length' }, 'failed'],
    [{}, 'failed'],
    [{ error: { name: 'APIError', data: { statusCode: 500 } } }, 'failed'],
  ] as const)('with %o is %s', (last, outcome) => {
    expect(
      begun()
        .answer({ ...DONE, ...last })
        .idle()
        .told.endsWith(`turnEnded:${outcome}`),
    ).toBe(true);
  });

  it('with nothing after our own abort is interrupted', () => {
    const session = begun();
    if (session.talk.turn !== null) session.talk.turn.isInterrupted = true;
    expect(session.answer(DONE).idle().told).toMatch(/ turnEnded:interrupted$/);
  });
});

describe('parts', () => {
  it('are told once, and only as far as they have come', () => {
    const session = new Session().prompt().busy().answer();
    session.part({ type: 'text', text: '', time: { start: 1 } });
    session.hear('message.part.delta', { messageID: ANSWER, partID: 'prt_1', field: 'text', delta: 'so' });
    const done = { type: 'text', text: 'so it is', time: { start: 1, end: 2 } };
    session.part(done).part(done);
    session.hear('message.part.delta', { messageID: ANSWER, partID: 'prt_1', field: 'text', delta: 'late' });
    expect(session.told).toBe('turnAccepted turnStarted itemStarted itemDelta itemCompleted');
  });

  it('of a kind that is not known are shown as such', () => {
    const session = new Session().prompt().busy().answer();
    session.part({ type: 'hologram' });
    session.hear('session.sang', { song: 'la' });
    session.hear('session.status', { status: { type: 'dancing' } });
    const methods = session.reports.flatMap((report) =>
      'item' in report && report.item.body.kind === 'unrecognized' ? [report.item.body.method] : [],
    );
    expect(methods).toEqual(['part:hologram', 'session.sang', 'session.status']);
  });
});

it('cuts what was being said when opencode tries again', () => {
  const session = new Session().prompt().busy().answer();
  session.hear('session.status', { status: { type: 'retry', attempt: 1, message: 'lost', next: 0 } });
  expect(session.told).toBe('turnAccepted turnStarted textCut itemCompleted');
});

it('leaves alone what was said before the connection', () => {
  const session = new Session();
  const old = { id: 'msg_000000000500AAAAAAAAAAAAAA', sessionID, role: 'user' };
  expect(session.hear('message.updated', { info: old }).reports).toEqual([]);
});

it('has one place for each event', () => {
  const known = [...TRANSLATIONS.keys(), ...ROUTED];
  expect(known.filter((type) => IGNORED.has(type) || IGNORED_OF_PROCESS.has(type))).toEqual([]);
});

it('recognizes all that the real opencode has said in the recordings', () => {
  const unrecognized = recordingFiles('opencode').flatMap((file) =>
    readFileSync(factsFileOf(file), 'utf8').includes('"kind":"unrecognized"') ? [file] : [],
  );
  expect(unrecognized).toEqual([]);
});
