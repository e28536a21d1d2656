/** All tools of an agent. */
import { TASK_TOOLS } from './task-tools.ts';
import { THREAD_TOOLS } from './thread-tools.ts';
import type { Tool } from './tool.ts';

export const TOOLS: readonly Tool[] = [...TASK_TOOLS, ...THREAD_TOOLS];

/** Those that only look. */
export const READERS: readonly string[] = TOOLS.filter(({ annotations }) => annotations.readOnlyHint).map(
  ({ name }) => name,
);
