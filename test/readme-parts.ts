/** The parts of README that are made from the code: each stands between two comments that name it. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { capabilitiesSchema } from '../machines/domain/capability.ts';
import { ERRORS } from '../machines/domain/error.ts';
import { threadMachine } from '../machines/thread.machine.ts';
import { instanceSchema } from '../server/config-instances.ts';
import { configFileSchema, configSchemaJson, ENVIRONMENT } from '../server/config.ts';
import { declaredCapabilities, registeredDrivers } from './helpers/registered-drivers.ts';
import { mermaidOf } from './model/diagram.ts';

/** What each driver declares, by its name. */
const DECLARED = await declaredByDriver();

async function declaredByDriver(): Promise<Map<string, Readonly<Record<string, unknown>>>> {
  const drivers = await registeredDrivers();
  const declared = drivers.map(
    async (driver) => [driver.driver, await declaredCapabilities(driver)] as const,
  );
  return new Map<string, Readonly<Record<string, unknown>>>(await Promise.all(declared));
}

const README = new URL('../README.md', import.meta.url);

/** README with its parts made anew. */
export function readmeText(): string {
  const parts: readonly (readonly [string, string])[] = [
    ['capabilities', capabilityTables()],
    ['configuration', configurationTable()],
    ['instance', instanceTable()],
    ['errors', errorTable()],
    ['chart', mermaidOf(threadMachine)],
  ];
  return parts.reduce((text, [name, part]) => withPart(text, name, part), readFileSync(README, 'utf8'));
}

function withPart(text: string, name: string, part: string): string {
  const [start, end] = [`<!-- made from the code: ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README has no part ${name}`);
  return `${text.slice(0, from)}${start}\n\n${part}\n\n${text.slice(to)}`;
}

const metaSchema = z.object({ description: z.string(), absent: z.boolean().default(false) });

/** A capability without a word on what happens without it is an error. */
const CAPABILITIES = Object.entries(capabilitiesSchema.shape).map(([name, schema]) => {
  const error = () => `${name} is not described`;
  return { name, ...metaSchema.parse(schema.meta() ?? {}, { error }) };
});

/** A row for the drivers that declare the same, so that it stays narrow; then what becomes of what is missing. */
function capabilityTables(): string {
  const rows = new Map<string, string[]>();
  for (const [driver, declared] of DECLARED) {
    const cells = CAPABILITIES.map(({ name, absent }) => cellOf(declared[name] ?? absent));
    const key = JSON.stringify(cells);
    rows.set(key, [...(rows.get(key) ?? []), code(driver)]);
  }
  const named = CAPABILITIES.map(({ name }) => code(name));
  const marks = [...rows].map(([key, drivers]) => [
    drivers.join(', '),
    ...z.array(z.string()).parse(JSON.parse(key)),
  ]);
  const missing = CAPABILITIES.map(({ name, description }) => [code(name), description]);
  return [tableOf(['Driver', ...named], marks), tableOf(['Capability', 'Where it is missing'], missing)].join(
    '\n\n',
  );
}

const cellOf = (value: unknown): string => (typeof value === 'boolean' ? (value ? '✓' : '–') : String(value));

function instanceTable(): string {
  const { properties } = schemaOf.parse(z.toJSONSchema(instanceSchema, { io: 'input', target: 'draft-7' }));
  const rows = Object.keys(instanceSchema.shape).map((key) => [
    code(key),
    properties[key]?.description ?? '',
  ]);
  return tableOf(['Key of an instance', 'Meaning'], rows);
}

const schemaOf = z.object({
  properties: z.record(z.string(), z.object({ description: z.string() })),
});

/** A key without a description is an error. */
function configurationTable(): string {
  const { properties } = schemaOf.parse(configSchemaJson());
  const variables: Readonly<Record<string, string>> = ENVIRONMENT;
  const defaults: Readonly<Record<string, unknown>> = configFileSchema.parse({});
  const rows = Object.keys(configFileSchema.shape).map((key) => {
    const variable = variables[key];
    const named = variable === undefined ? '' : code(variable);
    return [code(key), defaultOf(defaults[key]), named, properties[key]?.description ?? ''];
  });
  return tableOf(['Key', 'Default', 'Variable', 'Meaning'], rows);
}

/** Of an instance its name says enough. */
function defaultOf(usual: unknown): string {
  const instances = z
    .array(z.object({ instanceId: z.string() }))
    .min(1)
    .safeParse(usual);
  if (instances.success) return instances.data.map(({ instanceId }) => code(instanceId)).join(', ');
  return usual === undefined ? '' : code(JSON.stringify(usual));
}

function errorTable(): string {
  const rows = Object.entries(ERRORS).map(([name, { retryable, meaning }]) => [
    code(name),
    retryable ? 'yes' : 'no',
    meaning,
  ]);
  return tableOf(['Code', 'Retry as it is', 'Meaning'], rows);
}

const code = (text: string): string => `\`${text}\``;

/** As the formatter leaves it. */
function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...lines.map((line) => line[column]?.length ?? 0)));
  const written = lines.map(
    (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [written[0], rule, ...written.slice(1)].join('\n');
}
