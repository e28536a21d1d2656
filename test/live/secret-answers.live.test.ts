/** A secret that the real codex asks for: it comes to the model, and stands nowhere in the data folder. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { filesWith } from '../helpers/files-with.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import { byUserText, replies } from '../model-endpoint/script.ts';
import { functionCall, text } from '../model-endpoint/step.ts';

const SECRET = { is_secret: true, isSecret: true };
const CANARY = 'Canary 4711 "quoted"';
const PIN = '0815';
const question = (id: string, more: object = {}) => ({
  id,
  header: id,
  question: `${id}?`,
  options: [
    { label: 'none', description: 'there is none' },
    { label: 'other', description: 'another one' },
  ],
  ...more,
});

it.skipIf(requireAgent('codex') === null)(
  'a secret answer comes to the model once, and no file of the server has it',
  async () => {
    const questions = [question('user'), question('password', SECRET), question('pin', SECRET)];
    const script = byUserText({
      ask: replies([[functionCall('request_user_input', { questions })], [text('done')]]),
    });
    const server = await startLiveServer(script, {
      codex: { features: { default_mode_request_user_input: true } },
    });
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('ask');
    const { requestId, body } = await thread.request();
    expect(body).toMatchObject({ questions: [{ questionId: 'user' }, { secret: true }, { secret: true }] });
    const answers = { user: ['ann'], password: [CANARY], pin: [PIN] };
    await thread.do({ type: 'request.respond', requestId, answers });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    const output = server.endpoint.requests.at(-1)?.turnToolOutputs[0]?.output ?? '';
    expect(JSON.parse(output).answers).toMatchObject({
      password: { answers: [CANARY] },
      pin: { answers: [PIN] },
    });
    expect(thread.view?.requests.get(requestId)?.answer).toEqual({
      answers: { user: ['ann'], password: ['[secret]'], pin: ['[secret]'] },
    });
    await thread.expectSameView();
    const file = join(server.workspace, 'thread.ndjson');
    expect((await server.run('export', thread.threadId, file)).code).toBe(0);
    expect((await server.run('replay', file)).code).toBe(0);
    // the log of what codex was told has the answer, without its secrets
    expect(filesWith(join(server.data, 'logs'), '[secret]')).toHaveLength(1);
    expect(readFileSync(file, 'utf8')).toContain('[secret]');
    for (const secret of ['Canary 4711', `"${PIN}"`]) {
      expect(filesWith(server.data, secret)).toEqual([]);
      expect(readFileSync(file, 'utf8')).not.toContain(secret);
      await server.stop();
      expect(filesWith(server.data, secret)).toEqual([]);
    }
  },
);
