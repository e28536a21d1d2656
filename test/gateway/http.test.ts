import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROTOCOL } from '../../server/gateway/protocol.ts';
import { createToken } from '../../server/http/tokens.ts';
import { itemStarted, requestOpened, statusChanged, turnBegan, turnEnded } from '../helpers/facts.ts';
import { startGateway, type StartedGateway } from '../helpers/start-gateway.ts';

const PNG = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), randomBytes(200_000)]);
const MIB = 1024 * 1024;

interface Upload {
  readonly body: Buffer | ReadableStream;
  readonly contentType?: string;
  readonly token?: string;
}

async function upload(gateway: StartedGateway, { body, contentType = 'image/png', token }: Upload) {
  const response = await fetch(`${gateway.url}/api/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token ?? gateway.token}`, 'content-type': contentType },
    body: Buffer.isBuffer(body) ? new Uint8Array(body) : body,
    duplex: 'half',
  } as RequestInit);
  const answer = (await response.json()) as { attachmentId?: string; error?: { code: string } };
  return { status: response.status, ...answer };
}

const stored = ({ dataFolder }: StartedGateway): string[] => readdirSync(join(dataFolder, 'attachments'));

describe('an attachment', () => {
  it('is stored once under the hash of its bytes, for the owner only', async () => {
    const gateway = await startGateway();
    const first = await upload(gateway, { body: PNG });
    const second = await upload(gateway, { body: PNG, contentType: 'application/octet-stream' });
    const attachmentId = createHash('sha256').update(PNG).digest('hex');
    expect(first).toEqual({ status: 201, attachmentId });
    expect(second).toEqual(first);
    expect(stored(gateway)).toEqual([attachmentId]);
    const path = join(gateway.dataFolder, 'attachments', attachmentId);
    expect(readFileSync(path).equals(PNG)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(gateway.dataFolder, 'attachments')).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['image/jpeg', '\xff\xd8\xff\xe0 0123456789'],
    ['image/gif', 'GIF89a 0123456789'],
    ['image/webp', 'RIFF1234WEBP 0123'],
  ])('may be %s', async (contentType, start) => {
    const gateway = await startGateway();
    expect((await upload(gateway, { body: Buffer.from(start, 'latin1'), contentType })).status).toBe(201);
  });

  it.each<[string, Upload, number]>([
    ['a page under the name of an image', { body: Buffer.from('<html><script>') }, 400],
    ['an svg', { body: Buffer.from('<svg xmlns="x"/>'), contentType: 'image/svg+xml' }, 400],
    ['a form', { body: PNG, contentType: 'multipart/form-data' }, 400],
    ['plain text', { body: PNG, contentType: 'text/plain' }, 400],
    ['nothing', { body: Buffer.alloc(0) }, 400],
    ['the start of an image', { body: PNG.subarray(0, 6) }, 400],
    ['too much', { body: Buffer.concat([PNG, Buffer.alloc(10 * MIB)]) }, 413],
    ['anything without a token', { body: PNG, token: 'wrong' }, 401],
  ])('is not %s', async (_case, given, status) => {
    const gateway = await startGateway();
    const answer = await upload(gateway, given);
    expect(answer.status).toBe(status);
    expect(answer.error?.code).toBe(
      { 400: 'INVALID_PARAMS', 401: 'UNAUTHORIZED', 413: 'PAYLOAD_TOO_LARGE' }[status],
    );
    if (status === 400 && given.contentType === undefined) expect(stored(gateway)).toEqual([]);
  });

  it('is cut off at 10 MiB when its length is not told', async () => {
    const gateway = await startGateway();
    let sentBytes = 0;
    const body = new ReadableStream({
      pull(controller) {
        sentBytes += MIB;
        if (sentBytes > 12 * MIB) return controller.close();
        controller.enqueue(
          sentBytes === MIB ? new Uint8Array(Buffer.concat([PNG, Buffer.alloc(MIB)])) : new Uint8Array(MIB),
        );
      },
    });
    expect((await upload(gateway, { body })).status).toBe(413);
    expect(stored(gateway)).toEqual([]);
  });

  it('needs the scope operate', async () => {
    const gateway = await startGateway();
    const { token } = createToken(gateway.dataFolder, { name: 'r', scopes: ['read'], createdAt: 0 });
    expect((await upload(gateway, { body: PNG, token })).status).toBe(403);
  });
});

describe('the metrics', () => {
  const metricsOf = async ({ url }: StartedGateway): Promise<string> =>
    (await fetch(`${url}/metrics`)).text();

  it('count threads, turns, requests, sockets and what was dropped', async () => {
    const gateway = await startGateway();
    const { runtime } = gateway;
    for (let index = 0; index < 450; index += 1) runtime.create(`t${index}`);
    runtime.commit('t1', { type: 'thread.archived' });
    const first = await metricsOf(gateway);
    expect(first).toContain('threadchart_threads{status="ready"} 450\n');
    expect(first).toContain('threadchart_ws_clients 0\n');
    runtime.commit('t0', turnBegan('x'), statusChanged('running', 'x'), requestOpened('r1'));
    runtime.commit('t2', turnBegan('x'), turnEnded('x'));
    runtime.commit('t3', { type: 'thread.deleted' });
    runtime.stage('t0', itemStarted('i')).stageDelta('t0', 'i', 'x').tick();
    const client = await gateway.open();
    await client.errorCode('no.such');
    const text = await metricsOf(gateway);
    for (const line of [
      '# TYPE threadchart_threads gauge',
      'threadchart_threads{status="ready"} 448',
      'threadchart_threads{status="running"} 1',
      'threadchart_turns_total{outcome="completed"} 1',
      'threadchart_open_requests 1',
      'threadchart_commits_total 455',
      'threadchart_entries_total{kind="delta"} 1',
      'threadchart_journal_sequence 456',
      'threadchart_ready 1',
      'threadchart_ws_clients 1',
      'threadchart_ws_refusals_total 1',
      'threadchart_outbox_bytes 0',
      'threadchart_dropped_deltas_total 0',
    ]) {
      expect.soft(text).toContain(`${line}\n`);
    }
    expect(text).toMatch(/threadchart_resident_memory_bytes \d{7,}\n/);
    expect(text).toMatch(/threadchart_event_loop_lag_seconds\{quantile="0.99"\} [\d.e-]+\n/);
  });

  it('are lines that Prometheus can read', async () => {
    const text = await metricsOf(await startGateway());
    for (const line of text.trimEnd().split('\n')) {
      expect
        .soft(line)
        .toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [-+\d.e]+)$/);
    }
  });
});

describe('the published document', () => {
  interface Document {
    methods: {
      name: string;
      params: { name: string; required: boolean }[];
      'x-scope': string;
      result: object;
    }[];
    'x-notifications': { name: string }[];
    components: { errors: { data: { code: string } }[] };
  }

  it('has every method of the gateway with its parameters, result and scope', async () => {
    const { url } = await startGateway();
    const document = (await (await fetch(`${url}/openrpc.json`)).json()) as Document;
    expect(document.methods.map((method) => method.name)).toEqual(Object.keys(PROTOCOL));
    const subscribe = document.methods.find((method) => method.name === 'orchestration.subscribeThread');
    expect(subscribe).toMatchObject({
      'x-scope': 'read',
      'x-params': { additionalProperties: false },
      params: [
        { name: 'threadId', required: true },
        { name: 'afterSequence', required: false },
        { name: 'epoch', required: false },
        { name: 'deltas', required: false, schema: { type: 'boolean', default: true } },
      ],
    });
    const dispatch = document.methods.find((method) => method.name === 'orchestration.dispatchCommand');
    expect(JSON.stringify(dispatch)).toContain('turn.submit');
    expect(document['x-notifications'].map((each) => each.name)).toEqual([
      'orchestration.thread',
      'orchestration.shell',
      'inspection.thread',
    ]);
    expect(document.components.errors.map((each) => each.data.code)).toContain('COMMAND_CONFLICT');
  });
});

describe('the entries of a thread', () => {
  const read = async (gateway: StartedGateway, query: string, token = gateway.token) => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${gateway.url}/api/entries${query}`, { headers });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it('are given whole, in pages, with the frames that they refer to', async () => {
    const readFrame = (ref: string) =>
      Promise.resolve(ref === 'log.1:0' ? { at: 1, direction: 'in' as const, frame: '{}' } : null);
    const gateway = await startGateway({ readFrame });
    gateway.runtime.create('t1', '');
    for (let count = 0; count < 250; count += 1) gateway.runtime.commit('t1', statusChanged('ready'));
    const first = await read(gateway, '?threadId=t1');
    expect(first.body).toMatchObject({ next: 200, frames: [] });
    const { body } = await read(gateway, `?threadId=t1&after=${String(first.body['next'])}`);
    expect(body['next']).toBeNull();
    const versions = [first.body, body].flatMap(({ entries }) =>
      (entries as { version: number }[]).map(({ version }) => version),
    );
    expect(versions).toEqual(versions.map((_, index) => index + 1));
    expect(versions.length).toBe(gateway.runtime.thread('t1' as never).entries.length);
  });

  it.each([
    ['?threadId=nobody', 404],
    ['', 400],
    ['?threadId=t1&after=-1', 400],
    ['?threadId=t1&more=1', 400],
  ])('are refused for %j', async (query, status) => {
    const gateway = await startGateway();
    gateway.runtime.create('t1', '');
    expect((await read(gateway, query)).status).toBe(status);
  });

  it('need scope admin', async () => {
    const gateway = await startGateway();
    const { token } = createToken(gateway.dataFolder, {
      name: 'r',
      scopes: ['read', 'operate'],
      createdAt: 0,
    });
    expect((await read(gateway, '?threadId=t1', token)).status).toBe(403);
    expect((await read(gateway, '?threadId=t1', 'wrong')).status).toBe(401);
  });
});
