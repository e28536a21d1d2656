/** Files and what became of them. */
interface FileListProps {
  readonly files: readonly { readonly path: string; readonly kind: string }[];
}

export const FileList = ({ files }: FileListProps) => (
  <ul class="file-list">
    {files.map(({ path, kind }) => (
      <li key={path}>
        <code>{path}</code> <span class="muted">{kind}</span>
      </li>
    ))}
  </ul>
);
