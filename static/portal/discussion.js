/* Comments: ctrl and enter sends; @ and the beginning of a name offers people, arrows choose, enter or tab takes one.
   All by delegation, since the discussion comes into the page later. The list is asked of the server. */
(function () {
  "use strict";
  const BEGUN = /(?:^|[^\p{L}\p{N}_])@([\p{L}\p{N}][\p{L}\p{N}.'’-]*(?: [\p{L}\p{N}.'’-]*){0,2})$/u;
  let nothing = null;

  function list() {
    return document.getElementById("mention-list");
  }

  function options() {
    return Array.from(list()?.querySelectorAll("[role=option]") ?? []);
  }

  function isOpen() {
    return list() && !list().hidden;
  }

  function begun(box) {
    return box.value.slice(0, box.selectionStart).match(BEGUN)?.[1] ?? "";
  }

  function close(box) {
    if (!list()) return;
    list().hidden = true;
    list().textContent = "";
    box?.removeAttribute("role");
    box?.removeAttribute("aria-expanded");
    box?.removeAttribute("aria-activedescendant");
  }

  function choose(box, option) {
    for (const other of options()) other.setAttribute("aria-selected", String(other === option));
    box.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function take(box, option) {
    const from = box.selectionStart - begun(box).length;
    box.setRangeText(`${option.dataset.name} `, from, box.selectionStart, "end");
    const picked = document.createElement("input");
    Object.assign(picked, { type: "hidden", name: "mentioned", value: option.dataset.person });
    box.form.append(picked);
    nothing = `${option.dataset.name} `;
    close(box);
    box.focus();
  }

  document.addEventListener("input", (event) => {
    const box = event.target.closest("[data-mentioning] textarea");
    if (!box) return;
    const word = begun(box);
    if (!word || (nothing && word.startsWith(nothing))) { close(box); return; }
    nothing = null;
    document.getElementById("mention-word").value = word;
    window.htmx.trigger(list(), "mention");
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "mention-list") return;
    const box = event.detail.target.closest("form").querySelector("textarea");
    const word = begun(box);
    if (!options().length) { nothing = word || null; close(box); return; }
    if (!word) { close(box); return; }
    list().hidden = false;
    box.setAttribute("role", "combobox");
    box.setAttribute("aria-expanded", "true");
    choose(box, options()[0]);
  });

  document.addEventListener("keydown", (event) => {
    const box = event.target.closest("[data-sends-by=ctrl-enter]");
    if (!box) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      box.form.requestSubmit();
      return;
    }
    if (!isOpen()) return;
    const all = options();
    const here = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown") choose(box, all[(here + 1) % all.length]);
    else if (event.key === "ArrowUp") choose(box, all[(here - 1 + all.length) % all.length]);
    else if (event.key === "Enter" || event.key === "Tab") take(box, all[here]);
    else if (event.key === "Escape") { nothing = begun(box); close(box); }
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  document.addEventListener("pointerdown", (event) => {
    const option = event.target.closest("#mention-list [role=option]");
    if (!option) return;
    event.preventDefault();
    take(option.closest("form").querySelector("textarea"), option);
  });

  document.addEventListener("focusout", (event) => {
    if (event.target.closest("[data-mentioning] textarea")) close(event.target);
  });
})();
