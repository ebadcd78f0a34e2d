// In pages of `flexilib dev`: reloads them after a swap, and shows over them what does not build.
(() => {
  const { version, revision } = document.currentScript.dataset; // revision: the page itself tells of a failure
  let overlay = null;

  function show({ title, html }) {
    overlay ??= document.body.appendChild(document.createElement('flexilib-overlay'));
    const root = overlay.shadowRoot ?? overlay.attachShadow({ mode: 'open' });
    root.innerHTML =
      '<link rel="stylesheet" href="/@flexilib/style.css"><main role="alert"><h1></h1><pre></pre><footer>Goes away when it builds, or with Esc.</footer></main>';
    root.querySelector('h1').textContent = title;
    root.querySelector('pre').innerHTML = html; // escaped by the server
  }

  function hide() {
    overlay?.remove();
    overlay = null;
  }

  new EventSource('/@flexilib/events').addEventListener('state', ({ data }) => {
    const state = JSON.parse(data);
    const old = revision === undefined ? state.version !== version : state.revision !== revision;
    if (old) location.reload();
    else if (state.failure && revision === undefined) show(state.failure);
    else hide();
  });
  addEventListener('keydown', ({ key }) => key === 'Escape' && hide());
})();
