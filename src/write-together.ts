/** With no more exchanges than this under way, there is nothing to gather. */
const FEW = 4;

let underWay = 0;
let writes: (() => void)[] = [];

/** An exchange between a client and an upstream has begun. */
export function exchangeBegins(): void {
  underWay += 1;
}

/** To be called once for every exchange that has begun. */
export function exchangeEnds(): void {
  underWay -= 1;
}

/**
 * Makes the small writes of one turn of the event loop together, in its end. Whoever is to read them may be asleep, and
 * the kernel takes several times as long to wake one up as to hand over some bytes; written one behind the other, the
 * second finds its reader awake. As long as there are few exchanges, each write is made at once.
 *
 * @param write Must not throw. The world may have changed before it is called.
 */
export function writeTogether(write: () => void): void {
  if (underWay <= FEW) write();
  else if (writes.push(write) === 1) setImmediate(writeAll);
}

function writeAll(): void {
  const due = writes;
  writes = [];
  for (const write of due) write();
}
