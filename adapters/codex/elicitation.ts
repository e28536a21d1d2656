/** Forms of MCP servers as questions, and the answers as values of the form. */
import { z } from 'zod';
import type { Answer, Decision, Question, RequestBody } from '../../machines/domain/request.ts';
import * as wire from './wire.ts';
import type { Elicitation, FormField } from './wire.ts';

export type FormFields = Readonly<Record<string, FormField>>;

interface Asked {
  readonly body: RequestBody;
  readonly decisions: Decision[];
  readonly fields: FormFields;
}

/** What an MCP server asks, or codex in its name; `null`: nobody could answer that here. */
export function elicited(asked: Elicitation): Asked | null {
  if (asked.mode === 'url') return { ...consentTo(asked), fields: {} };
  const schema = wire.formSchema.safeParse(asked.requestedSchema ?? {});
  if (!schema.success || !FORM_MODES.has(asked.mode)) return null;
  const { properties: fields, required } = schema.data;
  if (Object.keys(fields).length === 0) return { ...consentTo(asked), fields };
  const questions = Object.entries(fields).map(([name, field]) =>
    questionOf(name, field, required.includes(name)),
  );
  return { body: { kind: 'question', questions }, decisions: ['decline', 'cancel'], fields };
}

const FORM_MODES: ReadonlySet<string> = new Set(['form', 'openai/form', 'openaiForm']);

/** `always` would be kept beyond the session; it is not offered. */
function consentTo({ _meta, url, serverName: server }: Elicitation): Omit<Asked, 'fields'> {
  const canPersist = _meta?.persist?.includes('session') ?? false;
  const params = _meta?.tool_params;
  return {
    body: {
      kind: 'tool',
      tool: _meta?.tool_name ?? 'elicitation',
      server,
      ...(params === undefined ? {} : { input: JSON.stringify(params) }),
      ...(url === undefined ? {} : { url }),
    },
    decisions: ['accept', ...(canPersist ? (['acceptForSession'] as const) : []), 'decline', 'cancel'],
  };
}

// ---- questions ---------------------------------------------------------------------------------------------------

const QUESTION_ID_LENGTH = 128;

function questionOf(name: string, field: FormField, isRequired: boolean): Question {
  const options = choicesOf(field).map(({ label }) => ({ label, description: '' }));
  const isMany = field.type === 'array';
  return {
    questionId: name.slice(0, QUESTION_ID_LENGTH),
    header: field.title ?? name,
    question: field.description ?? field.title ?? name,
    options,
    allowsText: options.length === 0,
    minAnswers: isRequired ? 1 : 0,
    ...(isMany ? countsOf(field, isRequired) : { maxAnswers: 1 }),
    ...boundsOf(field),
    ...proposalOf(field),
  };
}

/** The fewest of a list count only once something is chosen, unless the list is required. */
const countsOf = ({ minItems = 0, maxItems }: FormField, isRequired: boolean) => ({
  minAnswers: isRequired ? Math.max(1, minItems) : 0,
  ...(maxItems === undefined ? {} : { maxAnswers: maxItems }),
});

const BOUNDS = ['minimum', 'maximum', 'minLength', 'maxLength'] as const;

function boundsOf(field: FormField): Partial<Question> {
  const bounds = BOUNDS.flatMap((name) => (field[name] === undefined ? [] : [[name, field[name]]]));
  const format = field.type === 'number' || field.type === 'integer' ? field.type : field.format;
  return { ...Object.fromEntries(bounds), ...(format === undefined ? {} : { format }) };
}

function proposalOf(field: FormField): Partial<Question> {
  if (field.default === undefined || field.default === null) return {};
  const values: readonly unknown[] = Array.isArray(field.default) ? field.default : [field.default];
  const choices = choicesOf(field);
  const labels = values.map((value) => choices.find((each) => each.value === value)?.label ?? String(value));
  return { proposed: labels };
}

interface Choice {
  readonly label: string;
  readonly value: string | boolean;
}

const YES_NO: readonly Choice[] = [
  { label: 'yes', value: true },
  { label: 'no', value: false },
];

/** A choice is shown by its title, and answered by its value. */
function choicesOf(field: FormField): readonly Choice[] {
  if (field.type === 'boolean') return YES_NO;
  const titled = field.oneOf ?? field.items?.anyOf;
  if (titled !== undefined)
    return titled.map(({ const: value, title }) => ({ label: title ?? value, value }));
  const values = field.enum ?? field.items?.enum ?? [];
  return values.map((value, index) => ({ label: field.enumNames?.[index] ?? value, value }));
}

// ---- answers -----------------------------------------------------------------------------------------------------

/** What the MCP server is answered. */
export function elicitationReply(fields: FormFields, answer: Answer): unknown {
  if ('answers' in answer) {
    const entries = Object.entries(fields).flatMap(([name, field]) => {
      const value = valueOf(field, answer.answers[name.slice(0, QUESTION_ID_LENGTH)] ?? []);
      return value === undefined ? [] : [[name, value]];
    });
    return { action: 'accept', content: Object.fromEntries(entries), _meta: null };
  }
  const { decision } = answer;
  const isAccepted = decision === 'accept' || decision === 'acceptForSession';
  return {
    action: isAccepted ? 'accept' : decision,
    content: null,
    _meta: decision === 'acceptForSession' ? { persist: 'session' } : null,
  };
}

/** `undefined`: the field is left out. */
function valueOf(field: FormField, texts: readonly string[]): unknown {
  const choices = choicesOf(field);
  const values = texts.map((text) => choices.find(({ label }) => label === text)?.value ?? text);
  const [value] = values;
  if (field.type === 'array') return values.length === 0 ? undefined : values;
  if (value === undefined || field.type === 'boolean') return value === 'true' ? true : value;
  return field.type === 'number' || field.type === 'integer' ? z.coerce.number().parse(value) : value;
}
