/* Charts: what is under the pointer or the focus is said in a tip; arrows walk along the points. */
(function () {
  "use strict";
  const tip = document.getElementById("tip");
  if (!tip) return;

  function show(mark) {
    tip.textContent = mark.dataset.tip;
    tip.hidden = false;
    const box = mark.getBoundingClientRect();
    const left = box.left + box.width / 2 - tip.offsetWidth / 2;
    const above = box.top - tip.offsetHeight - 6;
    tip.style.left = `${Math.max(8, Math.min(left, window.innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${above < 8 ? box.bottom + 6 : above}px`;
  }

  function hide() {
    tip.hidden = true;
  }

  for (const kind of ["pointerover", "focusin"]) {
    document.addEventListener(kind, (event) => {
      const mark = event.target.closest?.("[data-tip]");
      if (mark) show(mark);
      else hide();
    });
  }
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", hide, { passive: true, capture: true });

  document.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const mark = event.target.closest?.("[data-points] .hit-door");
    if (event.key === "Escape") hide();
    if (!step || !mark) return;
    const all = Array.from(mark.closest("[data-points]").querySelectorAll(".hit-door"));
    const next = all[all.indexOf(mark) + step];
    if (!next) return;
    mark.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
    event.preventDefault();
  });
})();
