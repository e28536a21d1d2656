/** The inside of a thread is a part of its own, which is fetched when it is looked at. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { InspectPanel, InspectPanelProps } from '../inspect/inspect-panel.tsx';

type Panel = typeof InspectPanel;

export function InspectSlot(props: InspectPanelProps) {
  const loaded = useSignal<{ readonly Panel: Panel } | null>(null);
  useEffect(() => {
    void import('../inspect/inspect-panel.tsx').then((module) => {
      loaded.value = { Panel: module.InspectPanel };
    });
  }, [loaded]);
  if (loaded.value === null) return <p class="muted pad">Loading…</p>;
  const { Panel } = loaded.value;
  return <Panel {...props} />;
}
