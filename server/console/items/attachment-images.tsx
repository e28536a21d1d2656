/** Pictures of a prompt, fetched with the token: an address alone opens none. */
import { useEffect, useState } from 'preact/hooks';
import { imageUrl } from '../session/attachments.ts';

export const AttachmentImages = ({ ids }: { readonly ids: readonly string[] }) => (
  <div class="images">
    {ids.map((id) => (
      <AttachmentImage key={id} id={id} />
    ))}
  </div>
);

function AttachmentImage({ id }: { readonly id: string }) {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    let isShown = true;
    void imageUrl(id).then((found) => isShown && setUrl(found));
    return () => {
      isShown = false;
    };
  }, [id]);
  return url === null ? <span class="image-gap" /> : <img src={url} alt="Attached picture" />;
}
