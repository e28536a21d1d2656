/** Takes secrets out of values that leave the process, or go into a file. */

/** Takes secrets out of a text; JSON stays JSON. */
export type Redact = (text: string) => string;

/** As JSON text, so that what is named like a secret is found. */
export const redactValue = (value: unknown, redact: Redact): unknown =>
  withIds(value, JSON.parse(redact(JSON.stringify(value))));

/** Ids hold things together, and are no secrets whatever they look like. */
function withIds(value: unknown, redacted: unknown): unknown {
  if (Array.isArray(value) && Array.isArray(redacted)) {
    return value.map((each, index) => withIds(each, redacted[index]));
  }
  if (!isObject(value) || !isObject(redacted)) return redacted;
  const fields = Object.entries(value).map(([name, each]) => [
    name,
    name.endsWith('Id') ? each : withIds(each, redacted[name]),
  ]);
  return Object.fromEntries(fields);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
