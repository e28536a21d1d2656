/** What codex asks leave for. */
import { join } from 'node:path';
import type { CodexScenario } from '../../helpers/record-codex.ts';
import { addFile, runCommand, runEscalated } from '../../model-endpoint/codex-tools.ts';
import { replies } from '../../model-endpoint/script.ts';
import { functionCall, text, type Step } from '../../model-endpoint/step.ts';
import { answerQuestions, answerRequest, takeTurns } from './plays.ts';

const ASKS_FOR_COMMANDS = { runtimeMode: 'auto-accept-edits' };
const ASKS_FOR_EDITS = { runtimeMode: 'approval-required' };

const run = runEscalated('echo ran');
const done = [text('done')];

const commandAccepted: CodexScenario = {
  scenario: 'command-accepted',
  title: 'A command that is accepted',
  description: 'request opened, delivered, accepted; the command completes with its output',
  script: replies([[run], done]),
  play: answerRequest('accept', 'go', ASKS_FOR_COMMANDS),
};

const commandDeclined: CodexScenario = {
  scenario: 'command-declined',
  title: 'A command that is declined',
  description: 'the command is declined, the model goes on, the turn completes',
  script: replies([[run], [text('without it')]]),
  play: answerRequest('decline', 'go', ASKS_FOR_COMMANDS),
};

const commandCancelled: CodexScenario = {
  scenario: 'command-cancelled',
  title: 'A command that is cancelled',
  description: 'the command is declined, and the turn is interrupted by it',
  script: replies([[run]]),
  play: answerRequest('cancel', 'go', ASKS_FOR_COMMANDS),
};

const commandForSession: CodexScenario = {
  scenario: 'command-for-session',
  title: 'A command that is accepted for the session',
  description: 'the same command runs a second time without a request',
  script: replies([[run], done, [run], done]),
  play: async (stage) => {
    await answerRequest('acceptForSession', 'go', ASKS_FOR_COMMANDS)(stage);
    await stage.turn('again');
  },
};

const patch = addFile('made.txt', 'one\ntwo');

const patchAccepted: CodexScenario = {
  scenario: 'patch-accepted',
  title: 'A patch that is accepted',
  description: 'the request names the file; the change completes',
  script: replies([[patch], done]),
  play: answerRequest('accept', 'go', ASKS_FOR_EDITS),
};

const write: CodexScenario = {
  scenario: 'write',
  title: 'A new file without leave',
  description: 'nobody is asked of what is changed in the workspace, by a patch or by a command',
  script: replies([[patch], [runCommand('echo three >> made.txt')], done]),
  play: takeTurns(['go'], { policy: { approval: 'never', sandbox: 'workspace-write' } }),
};

const patchDeclined: CodexScenario = {
  scenario: 'patch-declined',
  title: 'A patch that is declined',
  description: 'the change is declined, the model goes on, the turn completes',
  script: replies([[patch], [text('without it')]]),
  play: answerRequest('decline', 'go', ASKS_FOR_EDITS),
};

const patchCancelled: CodexScenario = {
  scenario: 'patch-cancelled',
  title: 'A patch that is cancelled',
  description: 'codex never ends the change: it is closed with the turn, which is interrupted',
  script: replies([[patch]]),
  play: answerRequest('cancel', 'go', ASKS_FOR_EDITS),
};

const twoApprovals: CodexScenario = {
  scenario: 'two-approvals',
  title: 'Two approvals at once, answered in the other order',
  description: 'both are open together; the first is declined, the second accepted, each its own command',
  script: replies([[runEscalated('echo one'), runEscalated('echo two')], done]),
  play: async (stage) => {
    await stage.create(ASKS_FOR_COMMANDS);
    const { turnId } = await stage.submit('go');
    await stage.request(2);
    await stage.answer('accept', { number: 2 });
    await stage.answer('decline', { number: 1 });
    await stage.ended(turnId);
  },
};

const TINY = join(import.meta.dirname, '..', '..', 'fixtures', 'tiny-mcp.mjs');
const MCP = {
  tables: `[mcp_servers.tiny]\ncommand = ${JSON.stringify(process.execPath)}\nargs = [${JSON.stringify(TINY)}]`,
};
const tiny = (name: string, args: object): Step => functionCall(name, args, { namespace: 'mcp__tiny' });

const mcpCall: CodexScenario = {
  scenario: 'mcp-call',
  title: 'A tool of an MCP server, and one that fails',
  description: 'two tool calls without a request: the first completes, the second fails; the turn completes',
  home: MCP,
  script: replies([[tiny('echo', { word: 'hi' })], [tiny('fail', {})], done]),
  play: takeTurns(['go']),
};

const mcpApproval: CodexScenario = {
  scenario: 'mcp-approval',
  title: 'A tool of an MCP server that wants leave',
  description: 'the request names the tool and its server; it is accepted, and the call completes',
  home: MCP,
  script: replies([[tiny('write', { path: 'a' })], done]),
  play: answerRequest('accept', 'go'),
};

const mcpElicitation: CodexScenario = {
  scenario: 'mcp-elicitation',
  title: 'A form of an MCP server',
  description: 'the form is a question; the answer comes back as the result of the call',
  home: MCP,
  script: replies([
    [tiny('ask', { schema: { type: 'object', properties: { name: { type: 'string', title: 'Name' } } } })],
    done,
  ]),
  play: answerQuestions({ name: ['Bo'] }, 'go'),
};

export const APPROVALS: readonly CodexScenario[] = [
  commandAccepted,
  commandDeclined,
  commandCancelled,
  commandForSession,
  patchAccepted,
  write,
  patchDeclined,
  patchCancelled,
  twoApprovals,
  mcpCall,
  mcpApproval,
  mcpElicitation,
];
