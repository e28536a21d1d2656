/** A unified diff, taken apart into files and numbered lines. */
export interface DiffLine {
  readonly kind: 'context' | 'added' | 'removed' | 'hunk' | 'note';
  readonly text: string;
  readonly oldNumber: number | null;
  readonly newNumber: number | null;
}

export interface DiffFile {
  readonly path: string;
  readonly lines: readonly DiffLine[];
}

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;
const HEAD =
  /^(diff --git|index|new file|deleted file|old mode|new mode|similarity|rename|copy|---|\+\+\+)(?= |$)/;

/** `path`: what a diff without a head is of. */
export function parseDiff(text: string, path = ''): DiffFile[] {
  const files: { path: string; lines: DiffLine[] }[] = [];
  let place = { oldNumber: 1, newNumber: 1, inHunk: false };
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const begun = fileOf(line);
    if (begun !== null) {
      files.push({ path: begun, lines: [] });
      place = { ...place, inHunk: false };
      continue;
    }
    if (!place.inHunk && HEAD.test(line)) continue;
    if (files.length === 0) files.push({ path, lines: [] });
    const [parsed, next] = lineOf(line, place);
    files.at(-1)?.lines.push(parsed);
    place = next;
  }
  return files;
}

function fileOf(line: string): string | null {
  if (!line.startsWith('diff --git ')) return null;
  const [, name = line.slice('diff --git '.length)] = / "?b\/(.+?)"?$/.exec(line) ?? [];
  return name;
}

interface Place {
  readonly oldNumber: number;
  readonly newNumber: number;
  readonly inHunk: boolean;
}

function lineOf(line: string, place: Place): [DiffLine, Place] {
  const { oldNumber, newNumber } = place;
  const hunk = HUNK.exec(line);
  const none = { oldNumber: null, newNumber: null };
  if (hunk !== null) {
    const begun = { oldNumber: Number(hunk[1]), newNumber: Number(hunk[2]), inHunk: true };
    return [{ kind: 'hunk', text: line, ...none }, begun];
  }
  const text = line.slice(1);
  if (line.startsWith('+'))
    return [
      { kind: 'added', text, oldNumber: null, newNumber },
      { ...place, newNumber: newNumber + 1 },
    ];
  if (line.startsWith('-'))
    return [
      { kind: 'removed', text, oldNumber, newNumber: null },
      { ...place, oldNumber: oldNumber + 1 },
    ];
  if (line.startsWith('\\') || !place.inHunk) return [{ kind: 'note', text: line, ...none }, place];
  const next = { ...place, oldNumber: oldNumber + 1, newNumber: newNumber + 1 };
  return [{ kind: 'context', text, oldNumber, newNumber }, next];
}
