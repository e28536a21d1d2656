/** What the model says to make claude use its tools. */
import { event, functionCall, type Step } from './step.ts';

interface BashOptions {
  readonly run_in_background?: boolean;
}

/** Runs a command; one that only reads is not asked about. Claude refuses those that begin with a sleep. */
export function bash(command: string, options: BashOptions = {}): Step {
  return functionCall('Bash', { command, description: 'what the test says', ...options });
}

export function writeFile(path: string, content: string): Step {
  return functionCall('Write', { file_path: path, content });
}

export function askUser(question: string, labels: readonly string[]): Step {
  const options = labels.map((label) => ({ label, description: `about ${label}` }));
  const questions = [{ header: 'Choice', question, multiSelect: false, options }];
  return functionCall('AskUserQuestion', { questions });
}

interface AgentOptions {
  readonly run_in_background?: boolean;
}

/** Gives a job to a sub-agent. */
export function agent(prompt: string, options: AgentOptions = { run_in_background: false }): Step {
  const job = { description: `job: ${prompt}`, prompt, subagent_type: 'general-purpose' };
  return functionCall('Agent', { ...job, ...options });
}

/** Says something to a sub-agent, which may be over. */
export function message(taskId: string, words: string): Step {
  return functionCall('SendMessage', { to: taskId, summary: 'more to do for it', message: words });
}

/** Text that is not finished: what follows may be a gate, and nothing completes it. */
export function openText(content: string): Step[] {
  return [
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: content } }),
  ];
}
