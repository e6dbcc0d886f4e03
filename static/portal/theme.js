/* Loaded before the first paint: the reader's theme, or their system's, on the root element. */
(function () {
  "use strict";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const isSecure = location.protocol === "https:";
  const name = isSecure ? "__Host-theme" : "theme";
  root.classList.add("js");

  function chosen() {
    const found = document.cookie.match(new RegExp(`(?:^|; )${name}=(light|dark)(?:;|$)`));
    return found ? found[1] : "";
  }

  function show() {
    root.dataset.bsTheme = chosen() || (system.matches ? "dark" : "light");
  }

  window.portalTheme = {
    choose(theme) {
      const secure = isSecure ? "; Secure" : "";
      const age = theme ? 31536000 : 0;
      document.cookie = `${name}=${theme}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
      show();
    },
  };
  system.addEventListener("change", show);
  show();
})();
