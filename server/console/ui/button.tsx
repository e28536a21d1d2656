import type { ButtonHTMLAttributes, ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: 'plain' | 'primary' | 'danger' | 'quiet';
  readonly icon?: IconName;
  readonly children?: ComponentChildren;
}

export function Button({ look = 'plain', icon, children, ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} class={`button ${look}`}>
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </button>
  );
}

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly icon: IconName;
  /** Read aloud, and shown when the pointer rests on it. */
  readonly label: string;
}

export const IconButton = ({ icon, label, ...rest }: IconButtonProps) => (
  <button type="button" class="icon-button" {...rest} aria-label={label} title={label}>
    <Icon name={icon} />
  </button>
);
