/* The frame's behaviour, all of it by delegation, so that swapped-in parts need no wiring.
   The data- attributes that it answers to are listed in docs/frame.md. */
(function () {
  "use strict";
  const root = document.documentElement;
  const body = document.body;
  const toast = document.getElementById("toast");
  let toastTimer = 0;

  function say(text) {
    if (!toast) return;
    toast.textContent = text;
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => { toast.textContent = ""; }, 6000);
  }

  /* Theme */
  function chooseTheme(button) {
    window.portalTheme.choose(button.dataset.themeChoice);
    for (const other of document.querySelectorAll("[data-theme-choice]")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
  }

  /* Copy an id */
  async function copy(button) {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.classList.add("is-done");
    say(`${body.dataset.copied}: ${button.dataset.copy}`);
    setTimeout(() => button.classList.remove("is-done"), 1500);
  }

  /* Rail on narrow screens */
  const railToggle = document.querySelector("[data-rail]");

  function openRail(open) {
    if (!railToggle) return;
    body.classList.toggle("rail-open", open);
    railToggle.setAttribute("aria-expanded", String(open));
    if (open) document.querySelector(".rail-link")?.focus();
    else if (document.activeElement?.closest(".rail")) railToggle.focus();
  }

  /* Dialogs */
  function openDialog(id) {
    const dialog = document.getElementById(id);
    if (dialog && !dialog.open) dialog.showModal();
  }

  function closeMenus(except) {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== except && !menu.contains(except)) menu.open = false;
    }
  }

  /* A busy control after 300 ms; the same form is not sent twice */
  let running = 0;
  let busyTimer = 0;

  function busy(change) {
    running = Math.max(0, running + change);
    clearTimeout(busyTimer);
    if (running) busyTimer = setTimeout(() => root.classList.add("is-busy"), 300);
    else root.classList.remove("is-busy");
  }

  /* A list of choices narrowed by what is typed */
  function narrow(input) {
    const wanted = input.value.trim().toLowerCase();
    for (const choice of document.getElementById(input.dataset.narrows).children) {
      choice.hidden = !choice.textContent.toLowerCase().includes(wanted);
      choice.classList.toggle("d-none", choice.hidden);
    }
  }

  document.addEventListener("click", (event) => {
    const target = event.target.closest(
      "[data-theme-choice], [data-copy], [data-rail], [data-opens], [data-closes], [data-back], [data-print]",
    );
    closeMenus(event.target.closest("details.menu"));
    if (body.classList.contains("rail-open") && !event.target.closest(".rail, [data-rail]")) openRail(false);
    if (event.target instanceof HTMLDialogElement) event.target.close();
    if (!target) return;
    if ("themeChoice" in target.dataset) chooseTheme(target);
    else if ("copy" in target.dataset) copy(target);
    else if ("rail" in target.dataset) openRail(!body.classList.contains("rail-open"));
    else if ("opens" in target.dataset) { closeMenus(null); openDialog(target.dataset.opens); }
    else if ("closes" in target.dataset) target.closest("dialog")?.close();
    else if ("back" in target.dataset) history.back();
    else if ("print" in target.dataset) window.print();
  });

  document.addEventListener("input", (event) => {
    if (event.target.dataset.narrows) narrow(event.target);
  });

  document.addEventListener("change", (event) => {
    if ("sends" in event.target.dataset) event.target.form.requestSubmit();
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post], [hx-put], [hx-delete]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    (event.submitter ?? form.querySelector("button"))?.setAttribute("data-busy", "");
    busy(1);
  });

  /* Coming back by the back button: forms may be sent again */
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const button of document.querySelectorAll("[data-busy]")) button.removeAttribute("data-busy");
    running = 0;
    busy(0);
  });

  /* A form that was refused: the focus is on its first mistake, from where Tab leads to the next */
  function toMistake(within) {
    const mistake = within.querySelector("form .form-errors, form [aria-invalid=true]:not([type=hidden])");
    if (!mistake) return;
    if (mistake.matches(".form-errors")) mistake.tabIndex = -1;
    mistake.focus();
  }
  toMistake(document);

  /* htmx */
  document.addEventListener("htmx:afterSettle", (event) => toMistake(event.target));
  document.addEventListener("htmx:beforeRequest", () => busy(1));
  document.addEventListener("htmx:afterRequest", () => busy(-1));
  document.addEventListener("htmx:beforeSwap", (event) => {
    const login = body.dataset.login;
    const answered = event.detail.xhr.responseURL;
    if (login && answered && new URL(answered).pathname === login) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target instanceof HTMLDialogElement && event.detail.target.children.length) {
      openDialog(event.detail.target.id);
    }
  });
  document.addEventListener("htmx:responseError", () => say(body.dataset.refused));
  document.addEventListener("htmx:sendError", () => say(body.dataset.offline));
  document.addEventListener("dialog:close", () => {
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  });

  /* Keys outside lists: / search, g and a letter, ? the keys, esc */
  const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
  let going = 0;

  function go(letter) {
    const door = document.querySelector(`[data-go="${CSS.escape(letter)}"]`);
    if (door) door.click();
    return Boolean(door);
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = document.querySelector("details.menu[open], details.narrow-by[open]");
      if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
      else if (event.target.matches("[type=search]")) event.target.blur();
      openRail(false);
      return;
    }
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (modified || event.target.closest(TYPING) || document.querySelector("dialog[open]")) return;
    if (going && Date.now() - going < 1500) {
      going = 0;
      if (go(event.key)) event.preventDefault();
      return;
    }
    if (event.key === "g") going = Date.now();
    else if (event.key === "/") {
      const search = document.getElementById("search");
      if (search) { search.focus(); search.select(); event.preventDefault(); }
    } else if (event.key === "?") openDialog("keys");
  });
})();
