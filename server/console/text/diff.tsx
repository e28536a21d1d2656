/** A unified diff as a table of lines. */
import { useState } from 'preact/hooks';
import { parseDiff, type DiffFile, type DiffLine } from './unified-diff.ts';

const MARKS = { added: '+', removed: '−', context: ' ', hunk: '', note: '' } as const;
const LINE_COUNT = 400;

export function Diff({
  text,
  path = '',
  withNames = false,
}: {
  readonly text: string;
  readonly path?: string;
  readonly withNames?: boolean;
}) {
  return (
    <div class="diff">
      {parseDiff(text, path).map((file, index) => (
        <FileDiff key={`${index} ${file.path}`} file={file} withName={withNames} />
      ))}
    </div>
  );
}

function FileDiff({
  file: { path, lines },
  withName,
}: {
  readonly file: DiffFile;
  readonly withName: boolean;
}) {
  const [count, setCount] = useState(LINE_COUNT);
  return (
    <section class="diff-file" aria-label={`Changes of ${path}`}>
      {withName && <h3 class="diff-name">{path}</h3>}
      <div class="diff-scroll" tabIndex={0} role="group" aria-label={path}>
        <table>
          <tbody>
            {lines.slice(0, count).map((line, index) => (
              <Line key={index} line={line} />
            ))}
          </tbody>
        </table>
      </div>
      {lines.length > count && (
        <button type="button" class="link" onClick={() => setCount(lines.length)}>
          {lines.length - count} more lines
        </button>
      )}
    </section>
  );
}

const Line = ({ line: { kind, text, oldNumber, newNumber } }: { readonly line: DiffLine }) => (
  <tr class={kind}>
    <td class="number">{oldNumber}</td>
    <td class="number">{newNumber}</td>
    <td class="mark">{MARKS[kind]}</td>
    <td class="code">{text}</td>
  </tr>
);
