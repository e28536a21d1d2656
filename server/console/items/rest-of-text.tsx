/** Says that a text was cut, and reads on. */
import { useSignal } from '@preact/signals';
import type { WireItem } from '../../gateway/frame.ts';
import type { ThreadActions } from '../thread/actions.ts';

interface RestOfTextProps {
  readonly item: WireItem;
  readonly actions: ThreadActions | null;
}

export function RestOfText({ item, actions }: RestOfTextProps) {
  const rest = useSignal('');
  const { truncated, text } = item;
  if (truncated === undefined) return null;
  const readOn = async (): Promise<void> => {
    const more = await actions?.readText(item, text.length + rest.value.length);
    rest.value += more ?? '';
  };
  return (
    <>
      {rest.value !== '' && <pre class="output">{rest.value}</pre>}
      <p class="muted">
        The text has {Math.ceil(truncated.bytes / 1024)} KiB.{' '}
        {actions !== null && (
          <button type="button" class="link" onClick={() => void readOn()}>
            Read on
          </button>
        )}
      </p>
    </>
  );
}
