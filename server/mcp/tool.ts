/** What a tool is made of, and how it answers. */
import type { CallToolResult, ToolAnnotations } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import type { Command, CommandResult } from '../../machines/domain/command.ts';
import { failureOf, RuntimeError } from '../../machines/domain/error.ts';
import { commandIdSchema, type CommandId } from '../../machines/domain/ids.ts';
import type { CommittedTick, RuntimeReads } from '../runtime/api.ts';
import type { AgentPrincipal } from '../runtime/agent-keys.ts';
import type { Family } from '../runtime/family.ts';

/** What tools have of the runtime. */
export interface ToolParts {
  readonly runtime: {
    readonly reads: RuntimeReads;
    readonly family: Family;
    dispatch(commandId: CommandId, command: Command): Promise<CommandResult>;
    onCommitted(listener: (tick: CommittedTick) => void): () => void;
  };
  readonly newId: () => string;
  readonly release: string;
}

/** What one call goes by. */
export interface Call extends ToolParts {
  readonly principal: AgentPrincipal;
  /** Nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface Tool<Input extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly description: string;
  readonly input: Input;
  readonly annotations: ToolAnnotations;
  run(call: Call, input: z.output<Input>): Promise<object> | object;
}

/** Only looks; agents need no leave for it. */
export const READS: ToolAnnotations = { readOnlyHint: true, openWorldHint: false };
/** Begins or ends work, and takes nothing away. */
export const ACTS: ToolAnnotations = { readOnlyHint: false, destructiveHint: false, openWorldHint: false };

export function tool<Input extends z.ZodObject>(given: Tool<Input>): Tool {
  // the server has parsed the input by the tool's own schema
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return given as unknown as Tool;
}

/** JSON for the model, also of what was refused: it can do something about that. */
export async function answerTo(
  of: Tool,
  call: Call,
  input: Record<string, unknown>,
): Promise<CallToolResult> {
  try {
    return said(await of.run(call, input));
  } catch (error) {
    const { code, message } = failureOf(error);
    const isOurs = error instanceof RuntimeError;
    const details = isOurs ? error.details : {};
    return {
      ...said({ error: { code, message: isOurs ? message : 'internal error', details } }),
      isError: true,
    };
  }
}

const said = (value: object): CallToolResult => ({
  content: [{ type: 'text', text: JSON.stringify(value) }],
});

export const freshCommandId = ({ newId }: Pick<ToolParts, 'newId'>): CommandId =>
  commandIdSchema.parse(`mcp:${newId()}`);
