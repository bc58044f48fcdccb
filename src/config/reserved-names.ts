import type { PeerNames } from './peer-names.ts';
import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';
import type { Config } from './types.ts';

/** Every name leads to one thing only: `peer/model` is reserved, and a selector is no model. */
export function checkReservedNames(
  {
    models,
    aliases,
    selectors,
    pins,
    profiles,
  }: Pick<Config, 'models' | 'aliases' | 'selectors' | 'pins' | 'profiles'>,
  { qualified }: PeerNames,
  report: Report,
): void {
  const refuse = (path: KeyPath, name: string, what: string, other: string): void =>
    report.error(path, `"${name}" is ${what} and also ${other}`, 'rename one of the two');

  for (const id of selectors.keys()) {
    const path = ['selectors', id];
    if (models.has(id)) refuse(path, id, 'a selector', 'a model');
    else if (aliases.has(id)) refuse(path, id, 'a selector', `an alias of "${aliases.get(id)}"`);
  }
  for (const [name, { peer }] of qualified) {
    const path = ['peers', peer];
    const what = `a model of the peer "${peer}"`;
    if (models.has(name)) refuse(path, name, what, 'a model of your own');
    else if (aliases.has(name)) refuse(path, name, what, `an alias of "${aliases.get(name)}"`);
    else if (selectors.has(name)) refuse(path, name, what, 'a selector');
  }
  for (const profile of pins.values()) {
    for (const name of profile.pins.keys()) {
      const peer = qualified.get(name)?.peer;
      if (peer !== undefined) refuse(['profiles', profile.id, 'pins', name], name, 'pinned', `a model of "${peer}"`);
    }
  }
  for (const { id, members } of profiles.values()) {
    for (const member of members) {
      for (const name of [member, ...(models.get(member)?.aliases ?? [])]) {
        for (const address of [`${id}:${name}`, `${id}/${name}`]) {
          if (selectors.has(address)) refuse(['profiles', id], address, 'a member of this profile', 'a selector');
          else if (qualified.has(address))
            refuse(['profiles', id], address, 'a member of this profile', 'one of a peer');
        }
      }
    }
  }
}
