/** The parts of README that are made from the code: each stands between two comments that name it. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ERRORS } from '../machines/domain/error.ts';
import { threadMachine } from '../machines/thread.machine.ts';
import { configFileSchema, configSchemaJson, ENVIRONMENT } from '../server/config.ts';
import { mermaidOf } from './model/diagram.ts';

const README = new URL('../README.md', import.meta.url);

/** README with its parts made anew. */
export function readmeText(): string {
  const parts: readonly (readonly [string, string])[] = [
    ['configuration', configurationTable()],
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
