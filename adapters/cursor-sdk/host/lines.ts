/** The way out of this process: what the SDK prints is no message of ours. */

/** Takes stdout for our own lines; whatever else is printed there goes to stderr from now on. */
export function takeStdout(): (line: string) => boolean {
  const { stdout, stderr } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = stderr.write.bind(stderr);
  return (line) => write(`${line}\n`);
}

/** Resolves when stdout takes more again. */
export const drained = (): Promise<void> =>
  new Promise((done) => {
    process.stdout.once('drain', () => done());
  });

/** The SDK's counts are big integers now and then, which JSON has no word for. */
export const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? Number(part) : part)) ?? 'null',
  );
