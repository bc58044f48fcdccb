/** A page that follows the live log: self-contained, and text from outside never becomes markup in it. */
export const LOG_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>llama-swap logs</title>
<style>
  :root { color-scheme: light dark; font: 13px/1.45 ui-monospace, monospace; }
  body { margin: 0; }
  header { position: sticky; top: 0; padding: .5rem 1rem; background: Canvas; border-bottom: 1px solid GrayText; }
  header a { margin-right: 1rem; }
  pre { margin: 0; padding: 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
</style>
<header>
  <a href="#">all</a><a href="#proxy">gateway</a><a href="#upstream">models</a>
  <label><input id="follow" type="checkbox" checked> follow</label> <span id="state"></span>
</header>
<pre id="log"></pre>
<script>
  const log = document.getElementById('log');
  const state = document.getElementById('state');
  const follow = document.getElementById('follow');
  const MOST = 1000000;
  let reading;
  async function read() {
    reading?.abort();
    const turn = (reading = new AbortController());
    const name = decodeURIComponent(location.hash.slice(1));
    while (!turn.signal.aborted) {
      try {
        const response = await fetch('/logs/stream' + (name && '/' + encodeURIComponent(name)), turn);
        log.textContent = '';
        state.textContent = response.ok ? 'live' : 'no such log';
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        for (let part = await reader.read(); !part.done; part = await reader.read()) {
          log.append(part.value);
          if (log.childNodes.length > 2000) log.textContent = log.textContent.slice(-MOST);
          if (follow.checked) scrollTo(0, document.body.scrollHeight);
        }
      } catch {}
      if (turn.signal.aborted) return;
      state.textContent = 'lost, trying again';
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
  addEventListener('hashchange', read);
  read();
</script>
</html>
`;
