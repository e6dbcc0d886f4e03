/* Lists: j and k move between rows (on a page that came from a list, between its neighbours there), x chooses, enter follows the door; the bulk bar counts.
   A list is [data-list] or table.list; a row is a tbody row or [data-row]. */
(function () {
  "use strict";
  const ROWS = "table.list tbody tr, [data-list] [data-row]";
  const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

  function rows() {
    return Array.from(document.querySelectorAll(ROWS)).filter((row) => row.offsetParent !== null && door(row));
  }

  function door(row) {
    return row.querySelector(".door a, a[data-door]") ?? row.querySelector("a[href], button");
  }

  function move(by) {
    const all = rows();
    if (!all.length) return;
    const here = all.indexOf(document.activeElement?.closest(ROWS));
    const next = here < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(here + by, 0), all.length - 1);
    door(all[next]).focus();
    all[next].scrollIntoView({ block: "nearest" });
  }

  /* A table that fits lets the page scroll, so that its head sticks; one that does not scrolls itself */
  function fit(region) {
    const fits = region.firstElementChild.scrollWidth <= region.clientWidth;
    region.classList.toggle("fits", fits);
    if (fits) region.removeAttribute("tabindex");
    else region.setAttribute("tabindex", "0");
  }

  const watched = new ResizeObserver((entries) => {
    for (const entry of entries) fit(entry.target);
  });

  function watch() {
    for (const region of document.querySelectorAll(".list-region:not(.list-wide)")) watched.observe(region);
  }
  watch();

  function picks(form) {
    return Array.from(form.querySelectorAll("input[data-pick]"));
  }

  /* How many rows are chosen; the box in the head says all, some or none */
  function count(form) {
    const all = picks(form);
    const chosen = all.filter((box) => box.checked);
    for (const box of all) box.closest("tr, [data-row]")?.classList.toggle("is-chosen", box.checked);
    const bar = form.querySelector("[data-bulk-bar]");
    if (bar) {
      bar.hidden = chosen.length === 0;
      bar.querySelector("[data-bulk-count]").textContent = String(chosen.length);
    }
    const head = form.querySelector("input[data-pick-all]");
    if (head) {
      head.checked = all.length > 0 && chosen.length === all.length;
      head.indeterminate = chosen.length > 0 && chosen.length < all.length;
    }
  }

  function choose(form, checked) {
    for (const box of picks(form)) box.checked = checked;
    count(form);
  }

  let last = null;

  document.addEventListener("click", (event) => {
    const none = event.target.closest("[data-bulk-none]");
    if (none) choose(none.closest("[data-bulk]"), false);
    const box = event.target.closest("input[data-pick]");
    if (!box) return;
    const form = box.closest("[data-bulk]");
    if (!form) return;
    const all = picks(form);
    if (event.shiftKey && last && all.includes(last)) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      for (const between of all.slice(from, to + 1)) between.checked = box.checked;
    }
    last = box;
    count(form);
  });

  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-bulk]");
    if (form && "pickAll" in event.target.dataset) choose(form, event.target.checked);
  });

  document.addEventListener("htmx:afterSettle", () => {
    watch();
    for (const form of document.querySelectorAll("[data-bulk]")) count(form);
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("[data-bulk]")) count(form);
  });

  document.addEventListener("keydown", (event) => {
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (event.defaultPrevented || modified || event.target.closest(TYPING) || document.querySelector("dialog[open]")) return;
    if (document.querySelector("[data-steps]") && "jk".includes(event.key)) {
      document.querySelector(`[data-step="${event.key}"]`)?.click();
    } else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "x") {
      const box = document.activeElement?.closest(ROWS)?.querySelector("input[data-pick]");
      if (box && document.activeElement !== box) box.click();
    }
  });
})();
