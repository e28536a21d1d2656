/** Forms that agents and MCP servers ask to be filled in: as questions, and the answers as values of the form. */
import { z } from 'zod';
import type { Answer, Question } from '../../machines/domain/request.ts';

const choices = z.array(z.looseObject({ const: z.string(), title: z.string().optional() })).optional();
/** One field of a form. */
const fieldSchema = z.looseObject({
  type: z.enum(['string', 'number', 'integer', 'boolean', 'array']).default('string'),
  title: z.string().optional(),
  description: z.string().optional(),
  enum: z.array(z.string()).optional(),
  enumNames: z.array(z.string()).optional(),
  oneOf: choices,
  items: z.looseObject({ enum: z.array(z.string()).optional(), anyOf: choices }).optional(),
  minItems: z.number().int().nonnegative().optional(),
  maxItems: z.number().int().nonnegative().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minLength: z.number().int().nonnegative().optional(),
  maxLength: z.number().int().nonnegative().optional(),
  format: z.enum(['email', 'uri', 'date', 'date-time']).optional().catch(undefined),
  default: z.unknown().optional(),
});
type FormField = z.infer<typeof fieldSchema>;
/** A JSON schema of one level. */
export const formSchema = z.looseObject({
  properties: z.record(z.string(), fieldSchema).default({}),
  required: z.array(z.string()).default([]),
});
type Form = z.infer<typeof formSchema>;
export type FormFields = Form['properties'];

// ---- questions ---------------------------------------------------------------------------------------------------

export const questionsOf = ({ properties, required }: Form): Question[] =>
  Object.entries(properties).map(([name, field]) => questionOf(name, field, required.includes(name)));

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

type Answers = Extract<Answer, { answers: unknown }>['answers'];

/** What the form is filled with. @throws {ZodError} when a number is none */
export function contentOf(fields: FormFields, answers: Answers): Readonly<Record<string, unknown>> {
  const entries = Object.entries(fields).flatMap(([name, field]) => {
    const value = valueOf(field, answers[name.slice(0, QUESTION_ID_LENGTH)] ?? []);
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(entries);
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
