// In pages of `flexilib dev`: reloads them after a swap, and shows over them what does not build.
(() => {
  const { version, revision } = document.currentScript.dataset; // revision: the page itself tells of a failure
  if (window.flexilib) return; // of a piece of HTML that was put into the page
  window.flexilib = true;
  let overlay = null;
  let events = null;

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

  /** Once for each state: a cache may give the old page again. */
  function reload(state) {
    if (sessionStorage.getItem('flexilib') === state.revision) return;
    sessionStorage.setItem('flexilib', state.revision);
    location.reload();
  }

  function hear({ data }) {
    const state = JSON.parse(data);
    const old = revision === undefined ? state.version !== version : state.revision !== revision;
    if (old) reload(state);
    else if (state.failure && revision === undefined) show(state.failure);
    else hide();
  }

  /** A page that nobody sees holds no connection: browsers have six. */
  function listen() {
    events?.close();
    events = document.hidden ? null : new EventSource('/@flexilib/events');
    events?.addEventListener('state', hear);
  }

  addEventListener('visibilitychange', listen);
  addEventListener('keydown', ({ key }) => key === 'Escape' && hide());
  listen();
})();
