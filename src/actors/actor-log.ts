/** What actors write to. Messages never hold a command line, an environment, a key or a prompt. */
export interface ActorLog {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
