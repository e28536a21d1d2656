/**
 * The process in which the SDK runs: one for each conversation, so that it is owned and ended like any agent, and the
 * server loads nothing of it. It speaks JSON-RPC over lines. `argv[2]`: where the SDK is installed.
 */
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { JsonRpcPeer, type JsonRpcId } from '../../shared/json-rpc.ts';
import { AgentNotFound, Conversation } from './conversation.ts';
import { takeStdout } from './lines.ts';
import { lookUp } from './look-up.ts';
import { loadSdk, SdkMissing, type Sdk } from './sdk.ts';
import { introduce } from './introduce.ts';
import * as words from './words.ts';

const CLOSE_TIMEOUT_MS = 2000;

let isFull = false;
const writeLine = takeStdout();
const peer = new JsonRpcPeer({
  writeLine: (line) => void (isFull = !writeLine(line)),
  handlers: {
    request: (id, method, params) => void take(id, method, params),
    notification: () => {},
    malformed: (line, reason) => process.stderr.write(`${reason}: ${line.slice(0, 200)}\n`),
  },
});

const folder = process.argv[2] ?? null;
let loaded: { readonly sdk: Sdk; readonly conversation: Conversation } | null = null;

function theSdk() {
  if (loaded !== null) return loaded;
  const sdk = loadSdk(folder);
  const conversation = new Conversation(sdk, (method, params) => {
    peer.notify(method, params);
    return !isFull;
  });
  loaded = { sdk, conversation };
  return loaded;
}

/** Answers by itself, once, in its own time. */
type Handler = (params: unknown, answer: (result: object) => void) => Promise<void>;

const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['initialize', async (_, answer) => answer(await introduce(theSdk().sdk))],
  [
    'open',
    async (params, answer) => {
      await theSdk().conversation.open(words.openParamsSchema.parse(params));
      answer({});
    },
  ],
  ['send', (params, answer) => theSdk().conversation.send(words.sendParamsSchema.parse(params), answer)],
  [
    'steer',
    async (params, answer) => {
      const { key, text } = words.steerParamsSchema.parse(params);
      answer({ outcome: await theSdk().conversation.steer(key, text) });
    },
  ],
  [
    'cancel',
    async (params, answer) => {
      const { key } = words.cancelParamsSchema.parse(params);
      answer({ isRunning: await theSdk().conversation.cancel(key) });
    },
  ],
  [
    'lookUp',
    async (params, answer) => answer(await lookUp(theSdk().sdk, words.lookUpParamsSchema.parse(params))),
  ],
]);

async function take(id: JsonRpcId, method: string, params: unknown): Promise<void> {
  try {
    const handler = HANDLERS.get(method);
    if (handler === undefined) throw new Error(`unknown method ${method}`);
    await handler(params, (result) => void peer.respond(id, result));
  } catch (error) {
    peer.respondError(id, { code: codeOf(error), ...detailsOf(error) });
  }
}

function codeOf(error: unknown): number {
  if (error instanceof SdkMissing) return words.SDK_MISSING;
  const isUnknown = error instanceof AgentNotFound || nameOf(error) === 'AgentNotFoundError';
  return isUnknown ? words.AGENT_NOT_FOUND : words.FAILED;
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/** Errors of the SDK say what they are by their name and a code. */
function detailsOf(error: unknown) {
  const { message, code, status } = Object(error);
  const data = {
    name: nameOf(error),
    ...(typeof code === 'string' && { code }),
    ...(typeof status === 'number' && { status }),
  };
  return { message: typeof message === 'string' ? message : String(error), data };
}

/** Its telemetry fails behind its back, which is no end of a conversation. */
process.on('unhandledRejection', (error) => process.stderr.write(`unhandled: ${String(error)}\n`));

const input = createInterface({ input: process.stdin });
input.on('line', (line) => peer.receive(line));
input.on('close', () => void end());
process.on('SIGTERM', () => void end());

async function end(): Promise<void> {
  const closing = loaded?.conversation.close().catch(() => {});
  await Promise.race([closing, wait(CLOSE_TIMEOUT_MS)]);
  process.exit(0);
}
