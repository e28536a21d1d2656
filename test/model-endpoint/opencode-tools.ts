/** What the model says to make opencode use its tools. */
import { functionCall, type Step } from './step.ts';

interface BashOptions {
  readonly workdir?: string;
}

export function bash(command: string, options: BashOptions = {}): Step {
  return functionCall('bash', { command, description: 'what the test says', ...options });
}

/** The path is absolute. */
export function writeFile(filePath: string, content: string): Step {
  return functionCall('write', { filePath, content });
}

export function editFile(filePath: string, oldString: string, newString: string): Step {
  return functionCall('edit', { filePath, oldString, newString });
}

export function askUser(question: string, labels: readonly string[]): Step {
  const options = labels.map((label) => ({ label, description: `about ${label}` }));
  return functionCall('question', { questions: [{ question, header: 'Choice', options }] });
}

export function writeTodos(todos: readonly { readonly content: string; readonly status: string }[]): Step {
  return functionCall('todowrite', { todos: todos.map((todo) => ({ priority: 'medium', ...todo })) });
}

/** Gives a job to a sub-agent. */
export function task(prompt: string): Step {
  return functionCall('task', { description: `job: ${prompt}`, prompt, subagent_type: 'general' });
}
