/** One page of a list of codex. */
interface Page<T> {
  readonly data: readonly T[];
  readonly nextCursor?: string | null | undefined;
}

/** The pages of a list one after the other, each asked for when it is wanted, and at most so many. */
export async function* pagesOf<T>(
  ask: (cursor: string | null) => Promise<Page<T>>,
  mostPages: number,
): AsyncGenerator<readonly T[]> {
  let cursor: string | null = null;
  for (let pageCount = 0; pageCount < mostPages; pageCount += 1) {
    const page: Page<T> = await ask(cursor);
    yield page.data;
    cursor = page.nextCursor ?? null;
    if (cursor === null) return;
  }
}
