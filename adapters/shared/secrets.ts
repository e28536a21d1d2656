import { redact } from './redact.ts';

/** Shorter values are words that stand in any text. */
const LEAST_LENGTH = 8;
const REDACTED = '[redacted]';
const SECRET_NAME = /key|token|secret|passw|credential|auth|cookie/i;
/** What an environment holds besides: paths, addresses, numbers. */
const PLAIN_VALUE = /^(?:[/~.]|\w+:\/\/|[\d.,:-]+$)/;

/** The secrets that the process knows by their value, beside the forms that `redact` knows. */
export class Secrets {
  readonly #values = new Set<string>();

  /** From now on the value is in no text that is kept. Short ones are left alone. */
  add(value: string): void {
    const text = value.trim();
    if (text.length < LEAST_LENGTH) return;
    this.#values.add(text);
    this.#values.add(JSON.stringify(text).slice(1, -1));
  }

  /** The values that an instance's own environment gives, except what is plainly a path, an address or a number. */
  addEnvironment(env: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(env))
      if (SECRET_NAME.test(name) || !PLAIN_VALUE.test(value)) this.add(value);
  }

  /** The text without what is known to be secret or looks like it. */
  readonly redact = (text: string): string => {
    let left = text;
    for (const value of this.#values) left = left.replaceAll(value, REDACTED);
    return redact(left);
  };
}
