/** Lines in, HTTP out: what stands between the adapter and the server. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { overHttp } from '../../../../adapters/opencode/index.ts';
import { HttpCalls } from '../../../../adapters/opencode/http-calls.ts';
import { instanceIdSchema } from '../../../../machines/domain/ids.ts';
import type { ProcessEvents, ProcessHost } from '../../../../machines/ports/process-host.ts';
import { until } from '../../../helpers/until.ts';

const HOST = '127.0.0.1';
const spec = {
  instanceId: instanceIdSchema.parse('opencode'),
  command: 'opencode',
  args: ['serve'],
  env: {},
};
const json = { 'content-type': 'application/json' };

async function serve(port: number, listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  server.listen(port, HOST);
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

async function ask(listener: RequestListener, method: string, params: object = {}): Promise<unknown> {
  const calls = new HttpCalls({ host: HOST, port: await serve(0, listener), authorization: 'Basic x' });
  return JSON.parse(await calls.answer(JSON.stringify({ id: 7, method, params })));
}

describe('a request', () => {
  it('goes where its line says, with the password', async () => {
    const seen: unknown[] = [];
    const answer = await ask(
      (request, response) => {
        seen.push(`${request.method} ${request.url} ${request.headers.authorization}`);
        request.on('data', (chunk) => seen.push(String(chunk)));
        request.on('end', () => response.writeHead(200, json).end('{"ok":\n true}'));
      },
      'PATCH /session/{id}',
      { path: { id: 'ses/1' }, query: { directory: '/a b' }, body: { x: 1 } },
    );
    expect(seen).toEqual(['PATCH /session/ses%2F1?directory=%2Fa+b Basic x', '{"x":1}']);
    expect(answer).toEqual({ id: 7, result: { ok: true } });
  });

  it.each([
    [204, {}, '', { result: null }],
    [200, { 'content-type': 'text/html' }, '<!doctype html>', { error: { code: 404 } }],
    [
      404,
      json,
      '{"name":"NotFoundError","data":{"message":"no session"}}',
      { error: { code: 404, message: 'no session' } },
    ],
    [404, json, '{"_tag":"PermissionNotFoundError","message":"no wish"}', { error: { message: 'no wish' } }],
    [500, json, '{"name":"UnknownError"}', { error: { code: 500, message: 'UnknownError' } }],
    [401, {}, '', { error: { code: 401, message: 'HTTP 401' } }],
    [200, json, 'no json', { result: null }],
  ])('that is answered with %i %o %s is %o', async (...[status, headers, body, expected]) => {
    const answer = await ask((_, response) => void response.writeHead(status, headers).end(body), 'GET /x');
    expect(answer).toMatchObject({ id: 7, ...expected });
  });

  it('that gets lost says so; a prompt is sent once more, with its ids', async () => {
    let count = 0;
    const lossy: RequestListener = (_, response) => {
      count += 1;
      if (count === 1) response.destroy();
      else response.writeHead(204).end();
    };
    expect(await ask(lossy, 'GET /x')).toMatchObject({ error: { code: 0 } });
    count = 0;
    expect(await ask(lossy, 'POST /session/{id}/prompt_async', { path: { id: 's' }, body: {} })).toEqual({
      id: 7,
      result: null,
    });
    expect(count).toBe(2);
  });
});

describe('a server as a process', () => {
  /** Starts the listener where the process is told to listen. */
  class Fake implements ProcessHost {
    args: readonly string[] = [];
    password: string | undefined;
    events: ProcessEvents | null = null;
    readonly listener: RequestListener;

    constructor(listener: RequestListener) {
      this.listener = listener;
    }

    spawn: ProcessHost['spawn'] = ({ args, env }, events) => {
      this.args = args;
      this.password = env['OPENCODE_SERVER_PASSWORD'];
      this.events = events;
      const port = Number(/--port=(\d+)/.exec(args.join(' '))?.[1]);
      void serve(port, this.listener);
      const end = async (): Promise<void> => events.onExit({ code: 0, signal: null }, null);
      return { pid: 42, write: () => true, pause: () => {}, resume: () => {}, end };
    };
  }

  function start(listener: RequestListener) {
    const fake = new Fake(listener);
    const lines: unknown[] = [];
    const exits: (string | null)[] = [];
    const hosted = overHttp(fake).spawn(spec, {
      onStdout: (bytes) => void lines.push(JSON.parse(Buffer.from(bytes).toString())),
      onStderr: () => {},
      onExit: (_, error) => void exits.push(error?.message ?? null),
    });
    onTestFinished(() => hosted.end());
    return { fake, lines, exits, hosted };
  }

  const healthy =
    (events: RequestListener): RequestListener =>
    (request, response) => {
      if (request.url === '/global/event') return events(request, response);
      return void response.writeHead(200, json).end('{"healthy":true}');
    };

  it('listens behind a password of its own, on a port of our choice, and is asked when it is ready', async () => {
    const { fake, lines, hosted } = start(
      healthy((_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: {"payload":{"type":"server.connected"}}\n\n');
        response.write('data: {"payload":{"type":"sync","syncEvent":{}}}\n\n');
      }),
    );
    hosted.write('{"id":1,"method":"GET /x"}\n');
    await until(() => lines.length >= 2);
    expect(lines).toHaveLength(2);
    expect(lines).toContainEqual({ id: 1, result: { healthy: true } });
    expect(lines).toContainEqual({ method: 'event', params: { payload: { type: 'server.connected' } } });
    expect(fake.args).toEqual(['serve', '--hostname=127.0.0.1', expect.stringMatching(/^--port=[1-9]/)]);
    expect(fake.password).toMatch(/^[\w-]{32}$/);
  });

  it('opens a stream that broke off again, and says that something was missed', async () => {
    let count = 0;
    const { lines } = start(
      healthy((_, response) => {
        count += 1;
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`data: {"payload":{"type":"n${count}"}}\n\n`, () => {
          if (count === 1) response.destroy();
        });
      }),
    );
    await until(() => lines.length === 3);
    expect(lines).toContainEqual({ method: 'stream.lost', params: { why: 'the event stream broke off' } });
    expect(lines).toContainEqual({ method: 'event', params: { payload: { type: 'n2' } } });
  });

  it('is ended where it has no stream', async () => {
    const { exits } = start(healthy((_, response) => void response.writeHead(200).end('<!doctype html>')));
    await until(() => exits.length > 0);
    expect(exits).toHaveLength(1);
  });
});
