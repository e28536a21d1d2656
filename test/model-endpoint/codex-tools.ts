/** What the model says to make codex use its tools. */
import { customToolCall, event, functionCall, type Step } from './step.ts';

/** How long codex waits for a command before it lets the model go on without its end. */
const COMMAND_WAIT_MS = 20_000;

/** Runs a command in the sandbox that codex is set to. */
export function runCommand(command: string, waitMs = COMMAND_WAIT_MS): Step {
  return functionCall('exec_command', { cmd: command, yield_time_ms: waitMs });
}

/** Asks to run a command outside of the sandbox. */
export function runEscalated(command: string): Step {
  return functionCall('exec_command', {
    cmd: command,
    yield_time_ms: COMMAND_WAIT_MS,
    sandbox_permissions: 'require_escalated',
    justification: 'the test says so',
  });
}

export function addFile(path: string, content: string): Step {
  const lines = content.split('\n').map((line) => `+${line}`);
  const patch = ['*** Begin Patch', `*** Add File: ${path}`, ...lines, '*** End Patch'];
  return customToolCall('apply_patch', patch.join('\n'));
}

/** Needs the feature `default_mode_request_user_input`, or plan mode. */
export function askUser(question: string, labels: readonly string[]): Step {
  const options = labels.map((label) => ({ label, description: `about ${label}` }));
  return functionCall('request_user_input', {
    questions: [{ id: 'q1', header: 'Choice', question, options }],
  });
}

/** A message that is not finished: what follows may be a gate, and nothing completes it. */
export function openText(content: string): Step[] {
  const item = { type: 'message', id: 'msg_open', role: 'assistant', content: [] };
  return [
    event({ type: 'response.output_item.added', item }),
    event({ type: 'response.output_text.delta', item_id: item.id, content_index: 0, delta: content }),
  ];
}

/** Begins a sub-agent with this prompt. Needs the feature `multi_agent`. */
export function spawnAgent(message: string): Step {
  return functionCall('spawn_agent', { message }, { namespace: 'multi_agent_v1' });
}
