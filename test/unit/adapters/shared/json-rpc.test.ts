import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { JsonRpcError } from '../../../../adapters/shared/json-rpc-error.ts';
import { JsonRpcPeer, type JsonRpcId } from '../../../../adapters/shared/json-rpc.ts';

const LIMIT = { timeoutMs: 1000 };

interface Sent {
  readonly id?: JsonRpcId;
  readonly method?: string;
  readonly [field: string]: unknown;
}

/** A peer whose lines and calls are kept; the test plays the other side. */
class Conversation {
  readonly sent: Sent[] = [];
  /** What logs have of it. */
  readonly kept: Sent[] = [];
  readonly notifications: unknown[] = [];
  readonly requests: unknown[] = [];
  readonly malformed: unknown[] = [];
  readonly peer: JsonRpcPeer;

  constructor(maxInFlight?: number) {
    this.peer = new JsonRpcPeer({
      ...(maxInFlight !== undefined && { maxInFlight }),
      writeLine: (line, kept) => {
        this.sent.push(JSON.parse(line));
        this.kept.push(JSON.parse(kept));
      },
      handlers: {
        notification: (method, params) => void this.notifications.push([method, params]),
        request: (id, method, params) => void this.requests.push([id, method, params]),
        malformed: (line, reason) => void this.malformed.push([line, reason]),
      },
    });
  }

  say(message: unknown): void {
    this.peer.receive(JSON.stringify(message));
  }
}

const failure = async (promise: Promise<unknown>): Promise<unknown> => {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  if (!(error instanceof JsonRpcError)) throw new Error('the request did not fail');
  const { kind, message, remote } = error;
  return { kind, message, remote };
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('requests of ours', () => {
  it('sends no jsonrpc member and resolves with the result', async () => {
    const talk = new Conversation();
    const answer = talk.peer.request('thread/start', { cwd: '/' }, LIMIT);
    expect(talk.sent).toEqual([{ id: 1, method: 'thread/start', params: { cwd: '/' } }]);
    talk.say({ id: 1, result: { ok: true } });
    expect(await answer).toEqual({ ok: true });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('rejects with what the other side said', async () => {
    const talk = new Conversation();
    const answer = talk.peer.request('turn/interrupt', {}, LIMIT);
    talk.say({ id: 1, error: { code: -32600, message: 'no active turn', data: { turn: 1 } } });
    expect(await failure(answer)).toEqual({
      kind: 'remote',
      message: 'turn/interrupt: no active turn (-32600)',
      remote: { code: -32600, message: 'no active turn', data: { turn: 1 } },
    });
  });

  it('makes something of an error that is not one', async () => {
    const talk = new Conversation();
    const answer = talk.peer.request('a', {}, LIMIT);
    talk.say({ id: 1, error: 'broken' });
    expect(await failure(answer)).toMatchObject({ kind: 'remote', remote: { code: 0, message: '"broken"' } });
  });

  it('takes answers in any order', async () => {
    const talk = new Conversation();
    const answers = [talk.peer.request('a', {}, LIMIT), talk.peer.request('b', {}, LIMIT)];
    talk.say({ id: 2, result: 'b' });
    talk.say({ id: 1, result: 'a' });
    expect(await Promise.all(answers)).toEqual(['a', 'b']);
  });

  it('gives up after the timeout and reports the late answer', async () => {
    const talk = new Conversation();
    const answer = failure(talk.peer.request('slow', {}, LIMIT));
    vi.advanceTimersByTime(1000);
    expect(await answer).toMatchObject({ kind: 'timeout', message: 'slow: no answer within 1000 ms' });
    talk.say({ id: 1, result: 1 });
    expect(talk.malformed).toEqual([['{"id":1,"result":1}', 'an answer to nothing']]);
  });
});

describe('the bound on requests in flight', () => {
  it('keeps further requests waiting and sends them in order as places come free', async () => {
    const talk = new Conversation(2);
    const answers = ['a', 'b', 'c', 'd'].map((method) => talk.peer.request(method, {}, LIMIT));
    expect(talk.sent.map(({ method }) => method)).toEqual(['a', 'b']);
    talk.say({ id: 2, result: 'b' });
    expect(talk.sent.map(({ method }) => method)).toEqual(['a', 'b', 'c']);
    for (const id of [1, 3, 4]) talk.say({ id, result: 'abcd'[id - 1] });
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('is 32 unless said otherwise', () => {
    const talk = new Conversation();
    const answers = Array.from({ length: 40 }, () => failure(talk.peer.request('a', {}, LIMIT)));
    expect([talk.sent.length, talk.peer.inFlightCount]).toEqual([32, 32]);
    talk.peer.close('test over');
    return Promise.all(answers);
  });

  it('times out a request that was never sent, and frees the place of one that was', async () => {
    const talk = new Conversation(1);
    const first = failure(talk.peer.request('first', {}, { timeoutMs: 500 }));
    const second = failure(talk.peer.request('second', {}, { timeoutMs: 100 }));
    const third = talk.peer.request('third', {}, LIMIT);
    vi.advanceTimersByTime(100);
    expect(await second).toMatchObject({ kind: 'timeout', message: 'second: not sent within 100 ms' });
    vi.advanceTimersByTime(400);
    expect(await first).toMatchObject({ kind: 'timeout' });
    expect(talk.sent.map(({ method }) => method)).toEqual(['first', 'third']);
    talk.say({ id: talk.sent.at(-1)?.id, result: 3 });
    expect(await third).toBe(3);
  });
});

describe('requests of the other side', () => {
  it('keeps its ids apart from ours', async () => {
    const talk = new Conversation();
    const answer = talk.peer.request('ours', {}, LIMIT);
    talk.say({ id: 1, method: 'theirs', params: { a: 1 } });
    expect(talk.requests).toEqual([[1, 'theirs', { a: 1 }]]);
    expect(talk.peer.respond(1, { decision: 'accept' })).toBe(true);
    expect(talk.sent.at(-1)).toEqual({ id: 1, result: { decision: 'accept' } });
    talk.say({ id: 1, result: 'for us' });
    expect(await answer).toBe('for us');
  });

  it('answers each at most once', () => {
    const talk = new Conversation();
    talk.say({ id: 0, method: 'theirs' });
    const error = { code: -32601, message: 'unknown method' };
    expect(talk.peer.respondError(0, error)).toBe(true);
    expect(talk.peer.respond(0, {})).toBe(false);
    expect(talk.peer.respondError(7, error)).toBe(false);
    expect(talk.sent).toEqual([{ id: 0, error }]);
  });

  it('hands on one that is sent again, and answers none that was withdrawn', () => {
    const talk = new Conversation();
    talk.say({ id: 'x', method: 'theirs' });
    talk.say({ id: 'x', method: 'theirs' });
    expect(talk.requests).toHaveLength(2);
    talk.peer.withdraw('x');
    expect(talk.peer.respond('x', {})).toBe(false);
  });

  it('sends a secret, and keeps what stands for it', () => {
    const talk = new Conversation();
    talk.say({ id: 0, method: 'theirs' });
    talk.say({ id: 1, method: 'theirs' });
    talk.peer.respond(0, { text: 'hidden' }, { text: '[secret]' });
    talk.peer.respond(1, { text: 'open' });
    expect(talk.sent.map(({ result }) => result)).toEqual([{ text: 'hidden' }, { text: 'open' }]);
    expect(talk.kept.map(({ result }) => result)).toEqual([{ text: '[secret]' }, { text: 'open' }]);
  });

  it('sends null for an empty result, because the member must be there', () => {
    const talk = new Conversation();
    talk.say({ id: 'x', method: 'theirs' });
    talk.peer.respond('x', undefined);
    expect(talk.sent).toEqual([{ id: 'x', result: null }]);
  });
});

describe('notifications and lines that are none', () => {
  it('passes notifications both ways', () => {
    const talk = new Conversation();
    talk.peer.notify('initialized');
    talk.say({ method: 'turn/started', params: { turn: 1 }, emittedAtMs: 5 });
    expect(talk.sent).toEqual([{ method: 'initialized' }]);
    expect(talk.notifications).toEqual([['turn/started', { turn: 1 }]]);
  });

  it.each([
    ['{broken', 'not a JSON object'],
    ['[]', 'not a JSON object'],
    ['null', 'not a JSON object'],
    ['{"id":99}', 'an answer to nothing'],
    ['{"id":1}', 'an answer without a result'],
    ['{}', 'an answer to nothing'],
    ['{"id":null,"method":"a"}', 'a request with a bad id'],
  ])('reports %s and goes on', async (line, reason) => {
    const talk = new Conversation();
    const answer = talk.peer.request('a', {}, LIMIT);
    talk.peer.receive(line);
    expect(talk.malformed).toEqual([[line, reason]]);
    talk.say({ id: 1, result: 'still here' });
    expect(await answer).toBe('still here');
  });
});

describe('closing', () => {
  it('rejects what is in flight, what waits and what comes later, and takes nothing more', async () => {
    const talk = new Conversation(1);
    const answers = ['a', 'b'].map((method) => failure(talk.peer.request(method, {}, LIMIT)));
    talk.say({ id: 0, method: 'theirs' });
    talk.peer.close('the process ended');
    talk.peer.close('again');
    const closed = ['a', 'b', 'c'].map((method) => ({
      kind: 'closed',
      message: `${method}: the process ended`,
      remote: null,
    }));
    expect(await Promise.all([...answers, failure(talk.peer.request('c', {}, LIMIT))])).toEqual(closed);
    talk.say({ method: 'late' });
    talk.peer.notify('late');
    expect(talk.peer.respond(0, {})).toBe(false);
    expect([talk.notifications, talk.sent.length, vi.getTimerCount()]).toEqual([[], 1, 0]);
  });
});
