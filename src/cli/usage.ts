export const USAGE = `Usage: llama-swap [serve] [options]     serve the models of a configuration (or the demo)
       llama-swap check --config FILE   list everything that is wrong with a configuration

Options of serve:
  --config FILE        the configuration; without it the built-in demo runs
  --listen HOST:PORT   where to listen (default :8080, port 0 takes a free one)
  --data-dir DIR       where the list of started processes is kept
                       (default $XDG_STATE_HOME/llama-swap or ~/.local/state/llama-swap)
  --inspect            also start a relay for Stately's state-machine inspector, on loopback

Options of check:
  --config FILE        the configuration
  --json               print the findings as JSON

  --version            print the version
  -h, --help           print this text

Options take one or two dashes, and their value after a space or "=".
Exit codes: 0 ended as asked, 1 failed, 2 wrong usage, 78 the configuration cannot be used.
`;
