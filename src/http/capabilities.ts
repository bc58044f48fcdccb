import type { CapabilitiesConfig, Modality } from '../config/types.ts';

/** What a model can do, in the words of the clients that ask `/v1/models` for it. */
export interface CapabilityFields {
  readonly architecture?: Architecture;
  /** Only what it can; empty is left out. */
  readonly capabilities?: Readonly<Record<string, true>>;
  readonly supported_parameters?: readonly string[];
  readonly context_length?: number;
}

interface Architecture {
  readonly input_modalities?: readonly string[];
  readonly output_modalities?: readonly string[];
  /** `text+image->text` */
  readonly modality?: string;
}

export function capabilityFields(capabilities: CapabilitiesConfig | null): CapabilityFields {
  if (capabilities === null) return {};
  const { tools, context } = capabilities;
  const abilities = Object.fromEntries(abilitiesOf(capabilities).map((name) => [name, true] as const));
  return {
    ...architectureOf(capabilities),
    ...(Object.keys(abilities).length > 0 && { capabilities: abilities }),
    ...(tools && { supported_parameters: ['tools', 'tool_choice'] }),
    ...(context > 0 && { context_length: context }),
  };
}

function architectureOf({ in: input, out: output }: CapabilitiesConfig): { architecture?: Architecture } {
  if (input.length === 0 && output.length === 0) return {};
  return {
    architecture: {
      ...(input.length > 0 && { input_modalities: input }),
      ...(output.length > 0 && { output_modalities: output }),
      ...(input.length > 0 && output.length > 0 && { modality: `${input.join('+')}->${output.join('+')}` }),
    },
  };
}

function abilitiesOf({ in: input, out: output, tools, reranker }: CapabilitiesConfig): string[] {
  const leads = (from: Modality, to: Modality): boolean => input.includes(from) && output.includes(to);
  const abilities: readonly (readonly [string, boolean])[] = [
    ['vision', input.includes('image')],
    ['audio_transcriptions', leads('audio', 'text')],
    ['audio_speech', leads('text', 'audio')],
    ['image_generation', leads('text', 'image')],
    ['image_to_image', leads('image', 'image')],
    ['function_calling', tools],
    ['reranker', reranker],
  ];
  return abilities.filter(([, can]) => can).map(([name]) => name);
}
