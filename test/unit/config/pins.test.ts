import { describe, expect, it } from 'vitest';
import { errorsOf, load } from './load-text.ts';

const BASE = `
models:
  a: {cmd: "x \${PORT}", aliases: [al], filters: {setParamsByID: {"a:hi": {t: 1}}}}
  b: {cmd: "x \${PORT}"}
peers:
  p: {proxy: "http://p", models: [far, shared]}
  q: {proxy: "http://q", models: [shared]}
selectors: {sel: {strategy: pin, targets: [a]}}
`;
const write = (profile: string): string => `${BASE}profiles: {day: ${profile}}`;

describe('profiles with pins', () => {
  it('lead to models, aliases, variants, models of peers and selectors, or nowhere', async () => {
    const { config, warnings } = await load(
      `${write('{description: " x ", pins: {one: a, two: al, three: "a:hi", four: far, five: q/shared, six: sel, off: "", none: ~, tilde: , b: a}}').slice(0, -1)}, team: [a, b]}`,
    );
    expect(warnings).toEqual([]);
    expect(config.pins.get('day')).toEqual({
      id: 'day',
      description: 'x',
      pins: new Map([
        ['one', 'a'],
        ['two', 'al'],
        ['three', 'a:hi'],
        ['four', 'far'],
        ['five', 'q/shared'],
        ['six', 'sel'],
        ['off', null],
        ['none', null],
        ['tilde', null],
        ['b', 'a'],
      ]),
    });
    expect([...config.pins.keys()]).toEqual(['day']);
    expect([...config.profiles.keys()]).toEqual(['team']);
  });

  it.each([
    ['{description: x}', 'profiles.day.pins: is missing'],
    ['{pins: {}}', 'profiles.day.pins: is empty'],
    ['{pins: }', 'profiles.day.pins: is missing'],
    ['', 'profiles.day.pins: is missing'],
    ['{pins: [a]}', 'profiles.day.pins: must be a mapping of keys to values, not a list'],
    ['word', 'profiles.day: must be a list, not the text "word"'],
    ['[]', 'profiles.day: is an empty list'],
    ['{pins: {x: nope}}', 'profiles.day.pins.x: there is no model "nope"'],
    ['{pins: {x: " a"}}', 'profiles.day.pins.x: there is no model " a"'],
    ['{pins: {x: shared}}', 'profiles.day.pins.x: more than one peer offers "shared"'],
    ['{pins: {" ": a}}', 'profiles.day.pins[" "]: a pin needs a name'],
    ['{pins: {p/far: a}}', 'profiles.day.pins.p/far: "p/far" is pinned and also a model of "p"'],
    ['{pins: {x: a, y: x}}', 'profiles.day.pins.y: there is no model "x"'],
  ])('%s is refused', async (profile, message) => {
    expect(await errorsOf(write(profile))).toEqual([message]);
  });

  it('need a name', async () => {
    expect(await errorsOf(`${BASE}profiles: {" ": {pins: {x: a}}}`)).toEqual(['profiles[" "]: a profile needs a name']);
  });
});
