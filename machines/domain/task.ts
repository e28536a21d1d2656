/** Work that a thread's agent has handed to another thread's: asked for in a prompt, and answered once. */
import { z } from 'zod';
import { failureSchema } from './error.ts';
import { instanceIdSchema, threadIdSchema, turnIdSchema } from './ids.ts';
import { turnOutcomeSchema } from './turn.ts';

/**
 * Whether the end of a task begins a turn of the thread that asked. `always`: it is queued at once. `settled`: when that
 * thread has nothing else to do, and only if nobody has read the result by then. `never`: it is only kept.
 */
export const wakeSchema = z.enum(['always', 'settled', 'never']);
export type Wake = z.infer<typeof wakeSchema>;

/** How a task ended: as its turn did, or the prompt was taken out of the queue before it ran. */
export const taskOutcomeSchema = z.enum([...turnOutcomeSchema.options, 'cancelled']);
export type TaskOutcome = z.infer<typeof taskOutcomeSchema>;

export const taskSchema = z.object({
  /** Of the turn that does it, in the other thread. */
  taskId: turnIdSchema,
  threadId: threadIdSchema,
  instanceId: instanceIdSchema,
  title: z.string().max(200),
  wake: wakeSchema,
});
export type Task = z.infer<typeof taskSchema>;

/** Characters of a result that are kept with the task; all of it is in the other thread. */
export const RESULT_LENGTH = 4096;

export const taskResultSchema = z.object({
  outcome: taskOutcomeSchema,
  failure: failureSchema.nullable(),
  /** The last message of the turn, or its beginning. */
  text: z.string().max(RESULT_LENGTH),
  /** There is more of it. */
  isCut: z.boolean(),
});
export type TaskResult = z.infer<typeof taskResultSchema>;

/** A task that has not ended, or whose result nobody has been told yet. */
export interface OwnTask extends Task {
  /** `null`: it is under way. */
  readonly result: TaskResult | null;
}

/** At most so many of one thread at once, those with a result that waits to be told included. */
export const TASK_LIMIT = 32;
