import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Paths of the upstream, each with another kind of work. All are routes that gateways forward. */
export const PATHS = {
  /** Answers 600 bytes. */
  small: '/v1/chat/completions',
  /** Reads the whole body before it answers 600 bytes. */
  upload: '/v1/completions',
  /** Answers 20 MB. */
  download: '/v1/audio/speech',
} as const;

const ANSWER_BYTES = 600;
const DOWNLOAD_BYTES = 20 * 1000 * 1000;

/** Configurations for nginx, each a file with nothing of the system's; one process, in the foreground. */
export interface NginxConfigs extends Disposable {
  /** An upstream as fast as they come. @returns The command. */
  upstream(port: number): string[];
  /** A reverse proxy with connections kept open. @returns The command. */
  proxy(port: number, upstreamPort: number): string[];
}

export function nginxConfigs(): NginxConfigs {
  const folder = mkdtempSync(join(tmpdir(), 'llama-swap-bench-nginx-'));
  writeFileSync(join(folder, 'download'), Buffer.alloc(DOWNLOAD_BYTES, 'x'));

  function argvFor(port: number, http: string): string[] {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${port}-${name};`,
    );
    const file = join(folder, `${port}.conf`);
    writeFileSync(
      file,
      `daemon off; master_process off; pid ${folder}/${port}.pid; error_log stderr crit;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 300;
  client_body_buffer_size 8m; client_max_body_size 64m; ${temporary.join(' ')}
${http}
}
`,
    );
    return ['nginx', '-e', 'stderr', '-c', file];
  }

  return {
    upstream: (port) => {
      const answer = `${JSON.stringify({ port, content: 'x'.repeat(ANSWER_BYTES) }).slice(0, ANSWER_BYTES - 2)}"}`;
      // nginx answers \`return\` without waiting for the body; as a proxy it reads all of it first.
      return argvFor(
        port,
        `  upstream itself { server unix:${folder}/${port}.sock; keepalive 64; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096; listen unix:${folder}/${port}.sock; default_type application/json;
    location / { return 200 '${answer}'; }
    location = ${PATHS.upload} {
      proxy_pass http://itself/; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_pass_request_body off; proxy_set_header Content-Length "";
    }
    location = ${PATHS.download} { error_page 405 =200 /download; return 405; }
    location = /download { root ${folder}; default_type audio/wav; }
  }`,
      );
    },
    proxy: (port, upstreamPort) =>
      argvFor(
        port,
        `  upstream model { server 127.0.0.1:${upstreamPort}; keepalive 1024; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    proxy_pass_header Server; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_read_timeout 300;
    location / { proxy_pass http://model; proxy_buffering off; }
    location = ${PATHS.download} { proxy_pass http://model; proxy_buffers 16 64k; proxy_max_temp_file_size 0; }
  }`,
      ),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
