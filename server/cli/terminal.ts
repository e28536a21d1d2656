/** Where a command writes: results to stdout, everything else to stderr; with `--json` one document per line. */
export interface Terminal {
  readonly isJson: boolean;
  /** As it is, without a line end: streamed text. */
  write(text: string): void;
  /** One result: the text for people, the value for programs. */
  print(text: string, value: unknown): void;
  /** For people only. */
  note(text: string): void;
}

export interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

export function makeTerminal(isJson: boolean, { stdout, stderr }: Streams): Terminal {
  return {
    isJson,
    write: (text) => void (isJson || stdout.write(text)),
    print: (text, value) => void stdout.write(isJson ? `${JSON.stringify(value)}\n` : `${text}\n`),
    note: (text) => void (isJson || stderr.write(`${text}\n`)),
  };
}
