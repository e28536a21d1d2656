/** Markdown, block by block: while a text streams only its last block is drawn again. The libraries come when they are needed. */
import { useSignal } from '@preact/signals';
import { memo } from '../ui/memo.tsx';
import type * as RendererModule from './render-markdown.ts';
import { useEffect, useRef } from 'preact/hooks';

type Renderer = typeof RendererModule;

let renderer: Renderer | null = null;
let loading: Promise<Renderer> | null = null;

function load(): Promise<Renderer> {
  loading ??= import('./render-markdown.ts').then((module) => (renderer = module));
  return loading;
}

export function Markdown({ text }: { readonly text: string }) {
  const isLoaded = useSignal(renderer !== null);
  useEffect(() => {
    if (!isLoaded.peek()) void load().then(() => (isLoaded.value = true));
  }, [isLoaded]);
  if (!isLoaded.value || renderer === null) return <div class="markdown plain">{text}</div>;
  return (
    <div class="markdown">
      {renderer.blocksOf(text).map((block, index) => (
        <Block key={index} source={block} />
      ))}
    </div>
  );
}

const Block = memo(({ source }: { readonly source: string }) => {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (renderer !== null && ref.current !== null) renderer.renderBlock(source, ref.current);
  }, [source]);
  return <div ref={ref} />;
});
