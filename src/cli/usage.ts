export const USAGE = `Usage: llama-swap [serve] [options]   serve the models of a configuration (or the demo)
       llama-swap check [options]     list everything that is wrong with a configuration

Options of serve:
  --config FILE          the configuration
  --config-dir DIR       a directory whose *.yaml and *.yml files are put together, with FILE or without
                         (without either the built-in demo runs)
  --watch-config         read the configuration again whenever a file of it changes
  --listen HOST:PORT     where to listen (default :8080, or :8443 with TLS; port 0 takes a free one)
  --tls-cert-file FILE   serve HTTPS with this certificate chain (PEM) ...
  --tls-key-file FILE    ... and this private key (PEM)
  --data-dir DIR         where the list of started processes is kept
                         (default $XDG_STATE_HOME/llama-swap or ~/.local/state/llama-swap)
  --inspect              also start a relay for Stately's state-machine inspector, on loopback

Options of check:
  --config FILE, --config-dir DIR   the configuration, one of them or both
  --json                            print the findings as JSON

  --version            print the version
  -h, --help           print this text

Options take one or two dashes, and their value after a space or "="; --watch-config=false is possible as well.
Signals: SIGHUP reads the configuration again (at a terminal it ends the program, as the terminal is gone);
         SIGINT and SIGTERM end it after the requests in flight, a second one at once.
Exit codes: 0 ended as asked, 1 failed, 2 wrong usage, 78 the configuration cannot be used.
`;
