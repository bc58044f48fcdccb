import type { Config } from '../../config/types.ts';
import type { ActivePins } from '../../dispatch/pins.ts';
import { pinnedOff } from '../errors/model-not-found.ts';

/**
 * What a name stands for while a profile with pins is active; every other name stands for itself. Pins do not chain.
 *
 * @throws GatewayError `model_not_found` for a name that the profile switches off.
 */
export function followPin(name: string, config: Config, pins: ActivePins): string {
  const profile = pins.active(config);
  const target = profile?.pins.get(name);
  if (profile === null || target === undefined) return name;
  if (target === null) throw pinnedOff(name, profile.id);
  return target;
}
