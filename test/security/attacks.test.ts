/** What was done to other local agent servers, tried on this one over real connections. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { commandSchema } from '../../machines/domain/command.ts';
import { PROTOCOL } from '../../server/gateway/protocol.ts';
import { ask, expectUntouched, ticketOf, upgrade, type Headers } from '../helpers/attack.ts';
import { startGateway, type StartedGateway } from '../helpers/start-gateway.ts';
import { startServer } from '../helpers/start-server.ts';
const EVIL = 'https://evil.example';

const bearer = ({ token }: StartedGateway): [string, string] => ['Authorization', `Bearer ${token}`];
const PATHS = [
  'GET /',
  'GET /healthz',
  'GET /readyz',
  'GET /metrics',
  'GET /openrpc.json',
  'POST /api/ticket',
  'POST /api/attachments',
  'GET /api/attachments',
  'POST /api/sign-in-code',
  'POST /api/session',
  'DELETE /api/session',
  'OPTIONS /api/ticket',
  'OPTIONS /api/attachments',
];

describe('CVE-2026-22812 (opencode): any page may call, since there is no token and CORS says *', () => {
  it.each(PATHS)('%s is refused to another origin, with a token and without', async (line) => {
    const gateway = await startGateway();
    for (const origin of [EVIL, 'null', 'http://localhost:3000', 'file://']) {
      for (const more of [[], [bearer(gateway)]]) {
        const { status, text, code } = await ask(gateway, { line, headers: [['Origin', origin], ...more] });
        expect({ status, code }).toEqual({ status: 403, code: 'FORBIDDEN' });
        expect(text).not.toMatch(/access-control-/i);
        expect(text).toMatch(/cross-origin-resource-policy: same-origin/);
      }
    }
    expectUntouched(gateway);
  });

  it('a preflight is never answered with leave, not even for the own origin', async () => {
    const gateway = await startGateway();
    const headers: Headers = [
      ['Access-Control-Request-Method', 'POST'],
      ['Access-Control-Request-Headers', 'authorization'],
      ['Access-Control-Request-Private-Network', 'true'],
    ];
    for (const origin of [gateway.url, EVIL]) {
      const { status, text } = await ask(gateway, {
        line: 'OPTIONS /api/ticket',
        headers: [...headers, ['Origin', origin]],
      });
      expect([403, 404]).toContain(status);
      expect(text).not.toMatch(/access-control-allow/i);
    }
  });

  it('a page without an Origin, as of an image or a link, changes nothing and reads nothing of a thread', async () => {
    const gateway = await startGateway();
    gateway.runtime.create('secret-thread');
    for (const line of PATHS) {
      const { status, text } = await ask(gateway, { line });
      expect(line.startsWith('POST') ? 401 : [200, 401, 404]).toEqual(
        line.startsWith('POST') ? status : expect.arrayContaining([status]),
      );
      expect(text).not.toContain('secret-thread');
    }
    expectUntouched(gateway);
  });

  it.each(['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain'])(
    'a form as %s is no request, even with the token and from the own origin',
    async (contentType) => {
      const gateway = await startGateway();
      for (const line of ['POST /api/ticket', 'POST /api/attachments']) {
        const headers: Headers = [['Content-Type', contentType], ['Origin', gateway.url], bearer(gateway)];
        const { status, code } = await ask(gateway, { line, headers, body: '{"a":1}' });
        expect({ status, code }).toEqual({ status: 400, code: 'INVALID_PARAMS' });
      }
      expectUntouched(gateway);
    },
  );
});

describe('CVE-2025-49596 (MCP Inspector): an address starts a process', () => {
  it('no URL carries a command, an argument or a program', async () => {
    const gateway = await startGateway();
    const query = '?command=touch&args=/tmp/owned&transportType=stdio&env=%7B%7D&cwd=/';
    for (const line of ['/sse', '/stdio', '/', '/healthz', '/ws', '/api/ticket']) {
      const { status } = await ask(gateway, { line: `GET ${line}${query}`, headers: [bearer(gateway)] });
      expect([200, 404]).toContain(status);
    }
    expect((await upgrade(gateway, query, [])).status).toBe(401);
    expectUntouched(gateway);
  });

  it('no command of the protocol names a program, an argument or an environment', () => {
    const named = JSON.stringify([
      z.toJSONSchema(commandSchema, { io: 'input', unrepresentable: 'any' }),
      ...Object.values(PROTOCOL).map(({ params }) =>
        z.toJSONSchema(params, { io: 'input', unrepresentable: 'any' }),
      ),
    ]);
    const names = new Set([...named.matchAll(/"properties":\{|"(\w+)":\{/g)].map((match) => match[1]));
    for (const name of ['env', 'args', 'argv', 'exec', 'executable', 'program', 'shell', 'url', 'gatewayUrl'])
      expect.soft(names.has(name), name).toBe(false);
    expect(names.has('cwd')).toBe(true);
  });

  it('a command that brings one along is refused', async () => {
    const gateway = await startGateway();
    const client = await gateway.open();
    for (const more of [{ command: 'sh' }, { args: ['-c'] }, { env: { A: 'b' } }, { driver: 'sh' }]) {
      const command = { type: 'thread.create', cwd: '/', instanceId: 'codex', ...more };
      const params = { commandId: 'c', command };
      expect(await client.errorCode('orchestration.dispatchCommand', params)).toBe('INVALID_PARAMS');
    }
    expect(gateway.runtime.dispatched).toEqual([]);
  });
});

describe('CVE-2025-66414 (MCP TypeScript SDK): DNS rebinding', () => {
  const names = [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    '0.0.0.0',
    '[::]',
    'localhost.',
  ];

  it.each(names)(
    'a page that calls the server %s reaches nothing, with the Origin that fits',
    async (name) => {
      const gateway = await startGateway();
      const host = `${name}:${gateway.server.port}`;
      for (const more of [[], [['Origin', `http://${host}`]]] as Headers[]) {
        for (const line of PATHS) {
          const { status } = await ask(gateway, {
            line,
            headers: [['Host', host], bearer(gateway), ...more],
          });
          expect.soft(status, line).toBe(403);
        }
        const query = `?ticket=${await ticketOf(gateway)}`;
        expect((await upgrade(gateway, query, [['Host', host], ...more])).status).toBe(403);
      }
      expectUntouched(gateway);
    },
  );

  it('the name is taken from the Host header only', async () => {
    const gateway = await startGateway();
    const headers: Headers = [
      ['Host', 'evil.example'],
      ['X-Forwarded-Host', 'localhost'],
      ['Forwarded', 'host=localhost'],
    ];
    expect((await ask(gateway, { headers })).status).toBe(403);
    const line = `GET http://127.0.0.1:${gateway.server.port}/healthz`;
    expect((await ask(gateway, { line, headers: [['Host', 'evil.example']] })).status).toBe(403);
  });

  it('no header can be hidden behind so many that it is cut off', async () => {
    const gateway = await startGateway();
    const many: Headers = Array.from({ length: 70 }, (_, index) => [`X-${index}`, 'x']);
    const hidden: [string, string] = ['Origin', EVIL];
    expect((await ask(gateway, { headers: [...many, hidden] })).status).toBe(431);
    expect((await upgrade(gateway, '', [bearer(gateway), ...many, hidden])).status).toBe(431);
    expectUntouched(gateway);
  });
});

describe('CVE-2025-52882 (Claude Code extensions) and CVE-2025-24010 (vite): a WebSocket of any page', () => {
  it.each([EVIL, 'null', 'http://localhost:5173', 'http://127.0.0.1', 'vscode-webview://x', ''])(
    'of the origin "%s" is refused before the handshake, even with a good ticket or token',
    async (origin) => {
      const gateway = await startGateway();
      const query = `?ticket=${await ticketOf(gateway)}`;
      for (const more of [[], [bearer(gateway)]] as Headers[])
        expect((await upgrade(gateway, query, [['Origin', origin], ...more])).status).toBe(403);
      expectUntouched(gateway);
      // the ticket was not used up by it
      const own = await gateway.open({ query, headers: { origin: gateway.url }, token: undefined as never });
      await own.result('server.info');
    },
  );

  it('hidden behind a doubled Origin is refused', async () => {
    const gateway = await startGateway();
    const headers: Headers = [['Origin', gateway.url], ['Origin', EVIL], bearer(gateway)];
    expect((await upgrade(gateway, '', headers)).status).toBe(403);
  });
});

describe('AutoJack: the agent has a browser, or a shell, on this very machine', () => {
  it('the own origin alone opens nothing: a token or a ticket is always needed', async () => {
    const gateway = await startGateway();
    const client = await gateway.open({ headers: { origin: gateway.url }, token: undefined as never });
    expect((await client.whenClosed()).code).toBe(4401);
    const headers: Headers = [['Origin', gateway.url]];
    expect((await ask(gateway, { line: 'POST /api/ticket', headers })).status).toBe(401);
    expect((await ask(gateway, { line: 'POST /api/attachments', headers })).status).toBe(401);
    expectUntouched(gateway);
  });

  it('health probes answer no page at all', async () => {
    const gateway = await startGateway();
    for (const line of ['GET /healthz', 'GET /readyz', 'GET /metrics']) {
      expect((await ask(gateway, { line })).status).toBe(200);
      expect((await ask(gateway, { line, headers: [['Origin', gateway.url]] })).status).toBe(403);
    }
  });
});

describe('pi-agent-dashboard 625, adk-python 4947, adk-java 1257: the upgrade trusts whoever comes over loopback', () => {
  it.each([
    ['nothing', []],
    ['an empty token', [['Authorization', 'Bearer ']]],
    ['a wrong token', [['Authorization', 'Bearer wrong']]],
    [
      'the word of a proxy',
      [
        ['X-Forwarded-For', '127.0.0.1'],
        ['X-Real-IP', '127.0.0.1'],
      ],
    ],
    ['a cookie', [['Cookie', 'token=TOKEN']]],
    ['a subprotocol', [['Sec-WebSocket-Protocol', 'TOKEN']]],
    ['basic credentials', [['Authorization', 'Basic TOKEN']]],
    ['two tokens in one header', [['Authorization', 'Bearer wrong, Bearer TOKEN']]],
  ] as [string, Headers][])('with %s is a 401', async (_, headers) => {
    const gateway = await startGateway();
    const filled = headers.map(([name, value]): [string, string] => [
      name,
      value.replace('TOKEN', gateway.token),
    ]);
    expect((await upgrade(gateway, '', filled)).status).toBe(401);
    expectUntouched(gateway);
  });
});

describe('an attachment id that is a path', () => {
  it.each(['../token', '../../etc/passwd', '.', '..', '/etc/passwd', 'a/../../token', 'A'.repeat(64)])(
    'as %s hands no file of this machine to an agent',
    async (attachment) => {
      const server = await startServer();
      const client = await server.client();
      const { data: cwd } = server.config;
      const { threadId } = await client.dispatch({ type: 'thread.create', cwd, instanceId: 'scripted' });
      const prompt = { threadId, text: 'look', attachments: [attachment] };
      await expect(client.dispatch({ ...prompt, type: 'turn.submit' })).rejects.toMatchObject({
        code: 'ATTACHMENT_NOT_FOUND',
      });
      expect(server.world.performed).not.toContainEqual(expect.objectContaining({ type: 'turn.start' }));
    },
  );

  it('is that of a stored image otherwise', async () => {
    const server = await startServer();
    const client = await server.client();
    const body = Buffer.from('GIF89a 0123456789', 'latin1');
    const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'image/gif' };
    const stored = await fetch(`${server.url}/api/attachments`, { method: 'POST', headers, body });
    const { attachmentId } = (await stored.json()) as { attachmentId: string };
    const { data: cwd } = server.config;
    const { threadId } = await client.dispatch({ type: 'thread.create', cwd, instanceId: 'scripted' });
    await client.dispatch({ type: 'turn.submit', threadId, text: 'look', attachments: [attachmentId] });
  });
});
