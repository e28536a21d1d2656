import { McpServer } from '@modelcontextprotocol/server';
import { TASK_TOOLS } from './task-tools.ts';
import { THREAD_TOOLS } from './thread-tools.ts';
import { answerTo, type Call } from './tool.ts';

const TOOLS = [...TASK_TOOLS, ...THREAD_TOOLS];

/** Those that only look. */
export const READERS: readonly string[] = TOOLS.filter(({ annotations }) => annotations.readOnlyHint).map(
  ({ name }) => name,
);

const INSTRUCTIONS =
  'Threadchart runs this agent, and others. With these tools you hand tasks to other agents and see, read and talk to the threads that came of yours. A task runs beside you in the same folder; you are told of its end when you have nothing else to do, unless you have read its result before.';

/** The tools of one call's agent. A server is made for each call: nothing is kept between them. */
export function makeToolServer(call: Call): McpServer {
  const server = new McpServer(
    { name: 'threadchart', version: call.release },
    // they never change: claude 2.1.329 would wait for a word of that before its first turn
    { capabilities: { tools: { listChanged: false } }, instructions: INSTRUCTIONS },
  );
  for (const each of TOOLS) {
    const { name, description, input, annotations } = each;
    server.registerTool(name, { description, inputSchema: input, annotations }, (given) =>
      answerTo(each, call, given),
    );
  }
  return server;
}
