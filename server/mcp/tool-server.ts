import { createMcpHandler, McpServer, type McpHttpHandler } from '@modelcontextprotocol/server';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { AgentPrincipal } from '../runtime/agent-keys.ts';
import { answerTo, type Call, type ToolParts } from './tool.ts';
import { TOOLS } from './tools.ts';

const INSTRUCTIONS =
  'Threadchart runs this agent, and others. With these tools you hand tasks to other agents and see, read and talk to the threads that came of yours. A task runs beside you in the same folder; you are told of its end when you have nothing else to do, unless you have read its result before.';

const NEVER = new AbortController().signal;

/** A server is made for each call: nothing is kept between them. */
export const makeHandler = (parts: ToolParts, bodyBytes: number): McpHttpHandler =>
  createMcpHandler(
    ({ authInfo, requestInfo }) => {
      const principal = principalOf(authInfo?.extra);
      return makeToolServer({ ...parts, principal, signal: requestInfo?.signal ?? NEVER });
    },
    // an answer is said whole, and nothing that could be subscribed to ever changes
    { maxRequestBodySize: bodyBytes, maxSubscriptions: 0 },
  );

/** The door has put it there. */
function principalOf(extra: Record<string, unknown> | undefined): AgentPrincipal {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the library carries it as it was given
  if (extra !== undefined) return extra as unknown as AgentPrincipal;
  throw new RuntimeError('INTERNAL', 'a call without its agent');
}

/** The tools of one call's agent. */
function makeToolServer(call: Call): McpServer {
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
