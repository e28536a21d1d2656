/** One of the two streams that a command writes to. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** A terminal may not know its width, and says 0 then. */
export const columnsOf = ({ columns = 0 }: Output): number => (columns > 0 ? columns : 80);
