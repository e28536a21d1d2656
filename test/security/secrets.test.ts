/** Each planted secret in each place that is kept or shared: the server's log, the protocol log, failures, answers. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openProtocolLog } from '../../adapters/shared/protocol-log.ts';
import { Secrets } from '../../adapters/shared/secrets.ts';
import { failure, RuntimeError } from '../../machines/domain/error.ts';
import { itemIdSchema } from '../../machines/domain/ids.ts';
import { makeLog } from '../../server/log.ts';
import { CliRun } from '../helpers/cli-run.ts';
import { filesWith } from '../helpers/files-with.ts';
import { foundSecrets, PLANTED_SECRETS } from '../helpers/planted-secrets.ts';
import { makeServer } from '../helpers/server-runs.ts';
import { startGateway } from '../helpers/start-gateway.ts';
import { startServer } from '../helpers/start-server.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { until } from '../helpers/until.ts';

const OWN = 'correct-horse-battery';

function knowing(...values: string[]): Secrets {
  const secrets = new Secrets();
  for (const value of values) secrets.add(value);
  return secrets;
}

function logLines(secrets = new Secrets()) {
  let text = '';
  const write = (line: string): void => void (text += line);
  const log = makeLog({ level: 'info', redact: secrets.redact, to: { write } });
  return { log, read: () => text };
}

describe('the server log', () => {
  it.each(PLANTED_SECRETS)('does not keep $name', ({ text }) => {
    const { log, read } = logLines();
    log.info({}, text);
    log.warn({ text, deep: { er: [text] } }, 'in details');
    log.error({ error: new RuntimeError('INTERNAL', text, { details: { text } }) }, 'in an error');
    log.warn({ err: new Error('outer', { cause: new Error(text) }) }, 'in a cause');
    const lines = read().trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
    expect(foundSecrets(read())).toEqual([]);
  });

  it('keeps what is no secret, errors with their stacks among it', () => {
    const { log, read } = logLines();
    log.error({ error: new RuntimeError('STORE_CORRUPT', 'row 7 does not parse'), threadId: 't1' }, 'broken');
    expect(JSON.parse(read())).toMatchObject({
      msg: 'broken',
      threadId: 't1',
      error: {
        message: 'row 7 does not parse',
        code: 'STORE_CORRUPT',
        stack: expect.stringContaining('secrets.test'),
      },
    });
  });

  it('leaves out whole environments, tokens and headers', () => {
    const { log, read } = logLines();
    log.info({ env: { ANY: OWN }, request: { authorization: OWN }, token: OWN }, 'x');
    expect(read()).not.toContain(OWN);
  });

  it('does not keep a value that is known to be secret, as it is or in JSON', () => {
    const value = 'with "quotes" and \\ and\nlines';
    const { log, read } = logLines(knowing(OWN, value));
    log.info({ said: `it was ${OWN}!`, other: value }, OWN);
    expect(read()).not.toMatch(/correct-horse|quotes/);
  });
});

describe('the protocol log', () => {
  it('keeps none of the planted secrets, in frames of either direction', async () => {
    const folder = makeTempFolder();
    onTestFinished(() => folder.remove());
    const secrets = knowing(OWN);
    const onError = (error: unknown): void => expect.fail(String(error));
    const log = await openProtocolLog({
      folder: folder.path,
      name: 'codex',
      redact: secrets.redact,
      onError,
    });
    for (const { text } of PLANTED_SECRETS) {
      log.append('in', JSON.stringify({ method: 'item/completed', params: { item: { text } } }));
      log.append('out', JSON.stringify({ id: 1, params: { nested: JSON.stringify({ text }), text } }));
      log.append('in', text);
    }
    log.append('in', JSON.stringify({ text: `echo ${OWN}` }));
    await log.close();
    const kept = readdirSync(folder.path)
      .map((file) => readFileSync(join(folder.path, file), 'utf8'))
      .join('');
    expect(kept.trimEnd().split('\n')).toHaveLength(PLANTED_SECRETS.length * 3 + 1);
    expect(foundSecrets(kept)).toEqual([]);
    expect(kept).not.toContain(OWN);
  });
});

describe('what a provider says of its failures', () => {
  it('reaches journal and clients without the planted secrets', async () => {
    const secrets = knowing(OWN);
    const server = makeServer({ redact: secrets.redact });
    const run = await server.start();
    await run.create();
    const all = [...PLANTED_SECRETS.map(({ text }) => text), `refused: ${OWN}`];
    for (const [index, text] of all.entries()) {
      await run.submit('wait');
      const turn = { connectionId: `t1#1` as never, turnId: null, attempt: 0 };
      const nativeTurnId = run.snapshot().turn?.nativeTurnId ?? null;
      const body = { kind: 'error', code: 'PROVIDER_ERROR', retryable: false } as const;
      const item = { itemId: itemIdSchema.parse(`e${index}`), body, text, status: 'completed' } as const;
      run.provider.report('t1', { type: 'provider.itemCompleted', ...turn, nativeTurnId, item });
      const cause = failure('PROVIDER_UNAUTHORIZED', text);
      const ended = { type: 'provider.turnEnded', outcome: 'failed', failure: cause } as const;
      run.provider.report('t1', { ...ended, ...turn, nativeTurnId });
      run.settle();
      expect(run.status).toBe('error');
    }
    const kept = JSON.stringify([run.entries(), run.snapshot()]);
    expect(kept.match(/\[redacted\]/g)?.length).toBeGreaterThan(all.length * 2);
    expect(foundSecrets(kept)).toEqual([]);
    expect(kept).not.toContain(OWN);
  });
});

describe('an answer', () => {
  it('says nothing of an error that is not ours', async () => {
    const { runtime, open } = await startGateway();
    runtime.onDispatch = () => Promise.reject(new Error(`open /home/me/key: ${OWN}`));
    const client = await open();
    const command = { type: 'turn.retry', threadId: 'a' };
    const { error } = await client.ask('orchestration.dispatchCommand', { commandId: 'c', command });
    expect(error).toEqual({
      code: -32_000,
      message: 'internal error',
      data: { code: 'INTERNAL', details: {} },
    });
  });

  it('of a whole server never holds the token, a ticket or a value of an environment', async () => {
    const env = { OPENAI_API_KEY: OWN };
    const server = await startServer({
      instances: [{ instanceId: 'scripted', driver: 'scripted', env }],
    });
    const { token, url, adapters } = server;
    const connected = await server.client();
    const told = [connected.info, await connected.call('providers.list', {})];
    for (const path of ['/metrics', '/openrpc.json', '/healthz', `/${token}?token=${token}`, '/ws']) {
      const response = await fetch(`${url}${path.replace(`/${token}`, '/nothing')}`);
      told.push({ ...connected.info!, version: await response.text() });
    }
    expect(JSON.stringify(told)).not.toMatch(new RegExp(`${token}|${OWN}`));
    expect(adapters.secrets.redact(`a ${token} b ${OWN} c`)).toBe('a [redacted] b [redacted] c');
  });
});

describe('an environment', () => {
  it.each([
    [{ OPENAI_API_KEY: 'abcdefgh' }, 'abcdefgh', true],
    [{ ANYTHING: 'a-long-opaque-word' }, 'a-long-opaque-word', true],
    [{ PATH: '/usr/bin:/bin' }, '/usr/bin:/bin', false],
    [{ BASE_URL: 'https://api.example/v1' }, 'https://api.example/v1', false],
    [{ AUTH_TOKEN_FILE: '/run/secrets/token' }, '/run/secrets/token', true],
    [{ LIMIT: '1000000000' }, '1000000000', false],
    [{ DEBUG_KEY: 'yes' }, 'yes', false],
  ])('%j makes "%s" a secret: %s', (env, value, isSecret) => {
    const secrets = new Secrets();
    secrets.addEnvironment(env as unknown as Record<string, string>);
    expect(secrets.redact(`it is ${value}.`).includes(value)).toBe(!isSecret);
  });
});

// prettier-ignore
const PIECES = [
  '\\', '"', 'eyJaaaaaaaa', '.', '-', '-----BEGIN ', 'PRIVATE KEY-----', 'bearer ', 'sk-', '://', ':', '@',
  '"token"', 'TOKEN', '=', '?key', '--token', 'x-', 'authorization', ' ', 'name', 'value', 'A',
];

describe('redaction', () => {
  // what a rule can begin with, repeated in any mix: a rule that is tried again and again on one run shows here
  const piece = fc.constantFrom(...PIECES);

  it('takes time in proportion to the length, whatever is repeated', () => {
    const property = fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), (pieces) => {
      const part = pieces.join('');
      const text = part.repeat(Math.ceil(65_536 / part.length));
      const { redact } = new Secrets();
      const startedAt = process.cpuUsage();
      redact(text);
      const { user } = process.cpuUsage(startedAt);
      // in proportion it takes some 2 ms; in its square, seconds
      expect(user / 1000).toBeLessThan(500);
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('leaves a string that ends in a backslash its end', () => {
    const frame = JSON.stringify({ a: '"token":\\', b: 'text' });
    expect(JSON.parse(knowing('TOKEN=TOKEN').redact(frame))).toEqual({ a: '"token":\\', b: 'text' });
  });

  it('of frames that are JSON gives JSON', () => {
    const text = fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 12 });
    const property = fc.property(text, text, (one, other) => {
      const frame = JSON.stringify({ [one.join('')]: other.join(''), more: JSON.stringify(one) });
      expect(() => JSON.parse(knowing('TOKEN=TOKEN').redact(frame))).not.toThrow();
    });
    fc.assert(property, { numRuns: 2000 });
  });
});

describe('the answer to a secret question', () => {
  it('is in no file of the data folder and in no export, however short it is', async () => {
    const server = await startServer();
    const run = new CliRun(server, ['send', 'secret after', '--json']);
    await until(() => run.out.includes('request.opened'));
    const [, thread = ''] = /"threadId":"([^"]+)"/.exec(run.out) ?? [];
    const [, request = ''] = /"requestId":"([^"]+)"/.exec(run.out) ?? [];
    expect(await new CliRun(server, ['answer', thread, request, 'ann', 'zq4Z']).code).toBe(0);
    expect(await run.code).toBe(0);
    expect(run.out).toContain('"password":["[secret]"]');
    const file = join(server.config.data, 'thread.ndjson');
    expect(await new CliRun(server, ['export', thread, file, '--url', server.url]).code).toBe(0);
    const replay = new CliRun(server, ['replay', file]);
    expect(await replay.code).toBe(0);
    for (const text of [run.out, replay.out]) expect(text).not.toContain('zq4Z');
    expect(filesWith(server.config.data, '[secret]').length).toBeGreaterThan(1);
    expect(filesWith(server.config.data, 'zq4Z')).toEqual([]);
    await server.running().stop(0);
    expect(filesWith(server.config.data, 'zq4Z')).toEqual([]);
  });
});
