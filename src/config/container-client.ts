const CLIENTS = /(?:^|[\\/])(?:docker|podman|nerdctl)(?:\.exe)?$/;

/** Whether a program runs its server in a container, which has ports of its own and can outlive the program. */
export function isContainerClient(program: string): boolean {
  return CLIENTS.test(program);
}
