import { expect, it } from 'vitest';
import { createActivePins } from '../../../src/dispatch/pins.ts';
import { httpConfig } from '../../http/fake-gateway.ts';

const day = { id: 'day', description: '', pins: new Map([['fast', 'a']]) };
const config = httpConfig([], { pins: [day] });

it('is none at first, and none again for a configuration that does not know the profile', () => {
  const pins = createActivePins();
  expect(pins.active(config)).toBeNull();
  pins.activate('day');
  expect(pins.active(config)).toBe(day);
  expect(pins.active(httpConfig([]))).toBeNull();
});

it('survives a reload: what is configured under the name then counts', () => {
  const pins = createActivePins();
  pins.activate('day');
  const changed = { ...day, pins: new Map([['fast', 'b']]) };
  expect(pins.active(httpConfig([], { pins: [changed] }))).toBe(changed);
});

it('tells about changes, and only about changes', () => {
  const pins = createActivePins();
  const seen: (string | null)[] = [];
  const end = pins.subscribe((id) => void seen.push(id));
  for (const id of ['day', 'day', null, null]) pins.activate(id);
  end();
  pins.activate('day');
  expect(seen).toEqual(['day', null]);
});
