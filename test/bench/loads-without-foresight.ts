/**
 * How few loads a gateway can hope for that does not know what will be asked for: on average, over clients that each ask
 * for so many models, one after the other, the next never the one before and else by chance, when one model is loaded at
 * a time. It is exact, and a little less than any gateway can have: this one knows how much each client has left to ask.
 *
 * Clients who wait for the same model are a group. Which model that is says nothing, so a state is the groups, and of
 * each client what it has left. A load serves one group, and each of its clients then asks for one of the other models.
 */
export function loadsWithoutForesight(clients: number, models: number, each: number): number {
  const others = models - 1;
  const known = new Map<string, number>();

  function remember(key: string, find: () => number): number {
    const before = known.get(key);
    if (before !== undefined) return before;
    const found = find();
    known.set(key, found);
    return found;
  }

  /** @param groups in order, none empty: a letter for each client. @returns Loads from here to the end. */
  function fromHere(groups: readonly string[]): number {
    if (groups.length === 0) return 0;
    return remember(groups.join(' '), () => {
      const choices = groups.filter((group, place) => group !== groups[place - 1]);
      return 1 + Math.min(...choices.map((group) => ask(groups.toSpliced(groups.indexOf(group), 1), served(group))));
    });
  }

  /** The clients ask one after the other, and each joins a group or is the first of a new one. */
  function ask(groups: readonly string[], asking: string): number {
    const client = asking[0];
    if (client === undefined) return fromHere(groups);
    return remember(`${groups.join(' ')}<${asking}`, () => {
      const next = (place: number, group: string) => ask(groups.toSpliced(place, 1, group).toSorted(), asking.slice(1));
      const joined = groups.map((group, place) => next(place, (group + client).split('').toSorted().join('')));
      const free = others - groups.length;
      const alone = free === 0 ? 0 : free * next(groups.length, client);
      return (joined.reduce((sum, loads) => sum + loads, 0) + alone) / others;
    });
  }

  return ask([], clientWith(each).repeat(clients));
}

/** A client as a letter that says how much it has left to ask. */
function clientWith(requests: number): string {
  return String.fromCharCode(0x40 + requests);
}

function served(group: string): string {
  const left = group.split('').map((client) => client.charCodeAt(0) - 0x40 - 1);
  return left
    .filter((requests) => requests > 0)
    .map(clientWith)
    .join('');
}
