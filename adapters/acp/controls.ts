import type { Model } from '../../machines/domain/instance.ts';
import type { InteractionMode, RuntimeMode } from '../../machines/domain/settings.ts';
import type { AgentMethod } from './agent-process.ts';
import type { Preset } from './presets.ts';
import type { ConfigOption, SessionAnswer } from './wire.ts';

interface Choice {
  readonly id: string;
  readonly name: string;
}

/** One thing that a session can be set to, and by which request. */
export interface Control {
  readonly current: string;
  /** Empty: the agent does not say. */
  readonly choices: readonly Choice[];
  readonly method: AgentMethod;
  params(sessionId: string, id: string): object;
}

export type ControlName = 'model' | 'effort' | 'mode' | 'collaboration';

/** Categories of config options. */
const CATEGORIES: Readonly<Record<ControlName, string>> = {
  model: 'model',
  effort: 'thought_level',
  mode: 'mode',
  // codex-acp 2.6.0 plans by this, and not by a mode
  collaboration: 'collaboration_mode',
};

const NAMES = ['model', 'effort', 'mode', 'collaboration'] as const;

type Told = Pick<SessionAnswer, 'modes' | 'models' | 'configOptions'>;
type Modes = NonNullable<SessionAnswer['modes']>;
type Models = NonNullable<SessionAnswer['models']>;

/** Ids are words, or addresses that end in one. */
const PLAN = /(?:^|[#/:_-])plan$/i;

/**
 * What a session can be set to: by config options where it has them, else by the modes of the protocol and by the models
 * that are in no schema. Told when the session is opened, and by updates.
 */
export class Controls {
  readonly #preset: Preset;
  #modes: Modes | null = null;
  #models: Models | null = null;
  #options: readonly ConfigOption[] = [];
  readonly #first = new Map<ControlName, string>();

  constructor(preset: Preset) {
    this.#preset = preset;
  }

  take({ modes, models, configOptions }: Told): void {
    this.#modes = modes ?? this.#modes;
    this.#models = models ?? this.#models;
    this.#options = configOptions ?? this.#options;
    for (const name of NAMES) {
      const current = this.control(name)?.current;
      if (current !== undefined && !this.#first.has(name)) this.#first.set(name, current);
    }
  }

  /** It is set to this now, as the agent says or as it was asked to. */
  changed(name: ControlName, id: string): void {
    const option = this.#optionOf(name);
    if (option !== undefined) {
      this.#options = this.#options.map((each) => (each === option ? { ...each, currentValue: id } : each));
    }
    if (name === 'mode' && this.#modes !== null) this.#modes = { ...this.#modes, currentModeId: id };
    if (name === 'model' && this.#models !== null) this.#models = { ...this.#models, currentModelId: id };
  }

  /** `null`: the session has no such thing. */
  control(name: ControlName): Control | null {
    const option = this.#optionOf(name);
    if (option !== undefined) return controlOfOption(option);
    if (name === 'mode' && this.#modes !== null) return controlOfModes(this.#modes);
    return name === 'model' && this.#models !== null ? controlOfModels(this.#models) : null;
  }

  /** As it was when the session was opened. */
  first(name: ControlName): string | null {
    return this.#first.get(name) ?? null;
  }

  get planModeId(): string | null {
    return this.#modeIds.find((id) => PLAN.test(id)) ?? null;
  }

  get canPlan(): boolean {
    return this.planModeId !== null || this.#plansTogether;
  }

  /** For what sets planning apart from modes. `null`: nothing does. */
  collaborationFor(interactionMode: InteractionMode): string | null {
    if (!this.#plansTogether) return null;
    return interactionMode === 'plan' ? 'plan' : 'default';
  }

  /** The agent's mode for ours. `null`: any will do, for what the agent asks is answered here. */
  modeIdFor(interactionMode: InteractionMode, runtimeMode: RuntimeMode): string | null {
    if (interactionMode === 'plan' && !this.#plansTogether) return this.planModeId;
    const ids = this.#modeIds;
    const known = (this.#preset.modes[runtimeMode] ?? []).find((id) => ids.includes(id));
    if (known !== undefined) return known;
    const usual = [this.first('mode') ?? '', ...ids].find((id) => ids.includes(id) && !PLAN.test(id));
    return usual ?? null;
  }

  /** For the instance's report. */
  get models(): readonly Model[] {
    const effort = this.control('effort')?.choices.map(({ id }) => id) ?? [];
    const first = this.first('model');
    return (this.control('model')?.choices ?? []).map(({ id, name }) => ({
      id,
      name,
      isDefault: id === first,
      options: effort.length === 0 ? {} : { effort },
    }));
  }

  get #plansTogether(): boolean {
    const ids = (this.control('collaboration')?.choices ?? []).map(({ id }) => id);
    return ids.includes('plan') && ids.includes('default');
  }

  get #modeIds(): readonly string[] {
    return (this.control('mode')?.choices ?? []).map(({ id }) => id);
  }

  #optionOf(name: ControlName): ConfigOption | undefined {
    return this.#options.find(({ category, id }) => (category ?? id) === CATEGORIES[name]);
  }
}

const controlOfOption = ({ id: configId, currentValue, options }: ConfigOption): Control => ({
  current: String(currentValue),
  choices: options.map(({ value, name }) => ({ id: value, name })),
  method: 'session/set_config_option',
  params: (sessionId, value) => ({ sessionId, configId, value }),
});

const controlOfModes = ({ currentModeId, availableModes }: Modes): Control => ({
  current: currentModeId,
  choices: availableModes,
  method: 'session/set_mode',
  params: (sessionId, modeId) => ({ sessionId, modeId }),
});

const controlOfModels = ({ currentModelId, availableModels }: Models): Control => ({
  current: currentModelId,
  choices: availableModels.map(({ modelId, name }) => ({ id: modelId, name })),
  method: 'session/set_model',
  params: (sessionId, modelId) => ({ sessionId, modelId }),
});
