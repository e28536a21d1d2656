/**
 * Facts repeat the long texts of their input: of a message, a prompt, a diff. The store keeps such a text once. Facts
 * that share texts are stored as `{"shared":[…]}`, where `{"$text":n}` stands for the n-th long text of the input.
 */
import { z } from 'zod';

/** Below this a reference saves nothing that is worth the work. */
const LONG_TEXT_LENGTH = 64;
/** An input that is shorter than this as JSON has no text that is worth a look. */
const LONG_INPUT_LENGTH = 256;

const REFERENCE = '$text';
const sharedSchema = z.object({ shared: z.array(z.unknown()) });

/** JSON of the facts; `inputJson` is the input as it is stored. */
export function factsToJson(facts: readonly unknown[], input: unknown, inputJson: string): string {
  const json = JSON.stringify(facts);
  if (inputJson.length < LONG_INPUT_LENGTH || json.length < LONG_INPUT_LENGTH) return json;
  // what looks like a reference must be none
  if (json.includes(`"${REFERENCE}"`)) return json;
  const places = new Map(longTextsOf(input).map((text, index) => [text, index]));
  if (places.size === 0) return json;
  const shared = mapTexts(facts, (text) => {
    const place = text.length < LONG_TEXT_LENGTH ? undefined : places.get(text);
    return place === undefined ? text : { [REFERENCE]: place };
  });
  return JSON.stringify({ shared });
}

/** The facts from what is stored, with the parsed input beside it. */
export function factsFromJson(stored: unknown, input: unknown): unknown {
  if (Array.isArray(stored)) return stored;
  const { shared } = sharedSchema.parse(stored);
  return insertTexts(shared, longTextsOf(input));
}

/** In the order of the keys, each once; parsed JSON has the order in which it was written. */
function longTextsOf(value: unknown): string[] {
  const found = new Set<string>();
  collect(value, found);
  return [...found];
}

function collect(value: unknown, found: Set<string>): void {
  if (typeof value === 'string') {
    if (value.length >= LONG_TEXT_LENGTH) found.add(value);
  } else if (typeof value === 'object' && value !== null) {
    for (const each of Object.values(value)) collect(each, found);
  }
}

function mapTexts(value: unknown, change: (text: string) => unknown): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((each) => mapTexts(each, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapTexts(each, change)]));
}

function insertTexts(value: unknown, texts: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((each) => insertTexts(each, texts));
  if (typeof value !== 'object' || value === null) return value;
  if (REFERENCE in value) return textAt(texts, value[REFERENCE]);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, insertTexts(each, texts)]));
}

function textAt(texts: readonly string[], place: unknown): string {
  const text = typeof place === 'number' ? texts[place] : undefined;
  if (text === undefined) throw new TypeError('the facts name a text that the input does not have');
  return text;
}
