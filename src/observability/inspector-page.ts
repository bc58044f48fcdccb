import { randomBytes } from 'node:crypto';

/**
 * The page that shows Stately's inspector in a frame and hands it what comes over the WebSocket. The inspector itself is
 * on the web: without a connection to it the frame stays empty.
 */
export function inspectorPage(): { html: string; headers: Readonly<Record<string, string>> } {
  const nonce = randomBytes(16).toString('base64');
  const policy = [
    "default-src 'none'",
    'frame-src https://stately.ai https://*.stately.ai',
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self' ws://localhost:* ws://127.0.0.1:*",
    "frame-ancestors 'none'",
  ];
  return {
    html: PAGE.replaceAll('NONCE', nonce),
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy.join('; '),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    },
  };
}

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>llama-swap: Stately inspector</title>
<style nonce="NONCE">html, body, iframe { margin: 0; width: 100%; height: 100%; border: 0; display: block }</style>
</head>
<body>
<iframe id="inspector" title="Stately inspector" src="https://stately.ai/inspect"></iframe>
<script nonce="NONCE">
const frame = document.getElementById('inspector');
let origin = null;
let waiting = [];
addEventListener('message', ({ data, origin: from, source }) => {
  const { protocol, hostname } = new URL(from);
  const isStately = protocol === 'https:' && (hostname === 'stately.ai' || hostname.endsWith('.stately.ai'));
  if (source !== frame.contentWindow || !isStately || !data || data.type !== '@statelyai.connected') return;
  origin = from;
  for (const message of waiting) frame.contentWindow.postMessage(message, origin);
  waiting = [];
});
function connect() {
  const socket = new WebSocket('ws://' + location.host);
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (origin) frame.contentWindow.postMessage(message, origin);
    else if (waiting.length < 5000) waiting.push(message);
  };
  socket.onclose = () => setTimeout(connect, 2000);
}
connect();
</script>
</body>
</html>
`;
