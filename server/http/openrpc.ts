/** The protocol as an OpenRPC document, from the schemas that the gateway parses with. */
import { z } from 'zod';
import { ERRORS } from '../../machines/domain/error.ts';
import { NOTIFICATIONS } from '../gateway/frame.ts';
import { RPC_CODES } from '../gateway/message.ts';
import { METHODS, PROTOCOL_VERSION } from '../gateway/protocol.ts';
import { json, type Answer } from './respond.ts';

type JsonSchema = ReturnType<typeof schemaOf>;

const schemaOf = (schema: z.ZodType, io: 'input' | 'output') =>
  z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-7', reused: 'ref' });

/** Made when it is first asked for: few ever ask, and all its schemas take a twentieth of the start. */
export class ProtocolDocument {
  readonly #version: string;
  #answer: Answer | null = null;

  constructor(version: string) {
    this.#version = version;
  }

  answer(): Answer {
    return (this.#answer ??= json(openRpcDocument(this.#version)));
  }
}

/** Each schema stands whole where it is used. `x-scope`: `operate`, where a function of the parameters decides. */
export function openRpcDocument(version: string): object {
  return {
    openrpc: '1.3.2',
    info: {
      title: 'Threadchart',
      version,
      description: `JSON-RPC 2.0 over a WebSocket at /ws, protocol ${PROTOCOL_VERSION}. Batches are refused.`,
    },
    methods: Object.entries(METHODS).map(([name, spec]) => methodOf(name, spec)),
    components: { errors: errorCodes() },
    'x-notifications': Object.entries(NOTIFICATIONS).map(([name, params]) => ({
      name,
      params: schemaOf(params, 'output'),
    })),
  };
}

interface Documented {
  readonly summary: string;
  readonly scope: unknown;
  readonly params: z.ZodType;
  readonly result: z.ZodType;
}

function methodOf(name: string, spec: Documented) {
  const params = schemaOf(spec.params, 'input');
  return {
    name,
    summary: spec.summary,
    paramStructure: 'by-name',
    params: paramsOf(params),
    result: { name: 'result', schema: schemaOf(spec.result, 'output') },
    'x-scope': typeof spec.scope === 'string' ? spec.scope : 'operate',
    'x-params': params,
  };
}

function paramsOf({ properties = {}, required = [] }: JsonSchema) {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    required: required.includes(name),
    schema,
  }));
}

function errorCodes() {
  return Object.entries(ERRORS).map(([code, { meaning, retryable }]) => ({
    code: RPC_CODES.application,
    message: meaning,
    data: { code, retryable },
  }));
}
