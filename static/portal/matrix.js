/* Laying out a matrix: cells and marks follow what is chosen. Without it the page is right after the next look. */
"use strict";
(() => {
  const form = document.getElementById("lay-out");
  if (!form) return;
  const value = (name, otherwise) => form.elements[name]?.value ?? otherwise;
  const follow = () => {
    for (const cell of form.querySelectorAll("select[name^='cell_']")) cell.parentElement.className = `level-${value(`tone_${cell.value}`, 1)}`;
    for (const tone of form.querySelectorAll("select[name^='tone_']")) tone.closest(".line").querySelector(".tone-mark").className = `tone-mark level-${tone.value}`;
    for (const label of form.querySelectorAll("input[name^='level_']")) {
      const level = label.name.slice("level_".length);
      const word = label.value ? `${Number(level) + 1} · ${label.value}` : `${Number(level) + 1}`;
      for (const option of form.querySelectorAll(`:is([name^='cell_'], [name^='severity_'], [name^='carried_']) > option[value='${level}']`)) option.textContent = word;
    }
  };
  form.addEventListener("input", follow);
})();
