// Hides the notes that do not fit the choices; without it the whole page is there.
const form = document.getElementById("filter");
const notes = [...document.querySelectorAll("article")];
function choose() {
  const wanted = [...form.elements].filter((field) => field.name && field.value);
  for (const note of notes) {
    note.hidden = !wanted.every((field) => note.dataset[field.name].split("|").includes(field.value));
  }
  for (const part of document.querySelectorAll("section.task")) {
    part.hidden = wanted.length > 0 && !part.querySelector("article:not([hidden])");
  }
  const shown = notes.filter((note) => !note.hidden).length;
  document.getElementById("shown").textContent = `${shown} of ${notes.length} notes`;
}
form.addEventListener("input", choose);
form.addEventListener("submit", (event) => event.preventDefault());
form.hidden = false;
choose();
