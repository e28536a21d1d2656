/** As much of Cursor's backend as its SDK needs to log in, list models and begin a run, which then never goes on. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { InstanceConfig } from '../../machines/ports/provider.ts';

const ANSWERS: Readonly<Record<string, object>> = {
  '/auth/exchange_user_api_key': { accessToken: 'a.b.c', refreshToken: 'r' },
  '/v1/models': {
    items: [
      {
        id: 'scripted',
        displayName: 'Scripted',
        parameters: [{ id: 'effort', displayName: 'Effort', values: [{ value: 'low' }, { value: 'high' }] }],
      },
      { id: 'another', displayName: 'Another' },
    ],
  },
  '/v1/me': { apiKeyName: 'test', userEmail: 'person@example.com', createdAt: '2026-01-01T00:00:00Z' },
};
const RUN = '/agent.v1.AgentService/RunSSE';

export interface CursorBackend {
  readonly instance: InstanceConfig;
  /** An empty folder, with its symbolic links resolved. */
  readonly workspace: string;
  /** How many runs have asked for their model. */
  readonly runCount: number;
  /** From now on keys are refused. */
  refuseKeys(): void;
  close(): Promise<void>;
}

/** `sdkFolder`: the real one. Nothing of it leaves this machine. */
export async function startCursorBackend(sdkFolder: string): Promise<CursorBackend> {
  let runCount = 0;
  let isRefusing = false;
  const server = createServer((request, response) => {
    request.resume();
    const { url = '' } = request;
    if (url === RUN) {
      runCount += 1;
      // until the SDK gives up
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.statusCode = isRefusing ? 401 : url in ANSWERS ? 200 : 404;
    response.end(JSON.stringify(isRefusing ? { message: 'bad key' } : (ANSWERS[url] ?? {})));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const root = await realpath(await mkdtemp(join(tmpdir(), 'threadchart-cursor-')));
  const [home, workspace] = [join(root, 'home'), join(root, 'workspace')];
  await Promise.all([mkdir(home), mkdir(workspace)]);
  return {
    instance: {
      instanceId: instanceIdSchema.parse('cursor-sdk'),
      driver: 'cursor-sdk',
      command: sdkFolder,
      env: { HOME: home, CURSOR_BACKEND_URL: `http://127.0.0.1:${port}`, CURSOR_API_KEY: 'key_test' },
    },
    workspace,
    get runCount() {
      return runCount;
    },
    refuseKeys: () => void (isRefusing = true),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await rm(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
