// Sets light or dark before anything is painted: as chosen, else as the system has it.
(() => {
  "use strict";
  const store = (() => { try { return window.localStorage; } catch { return null; } })();
  const dark = () => (store?.getItem("theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const show = (on) => document.documentElement.classList.toggle("dark", on);
  show(dark());
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const say = () => button.setAttribute("aria-pressed", document.documentElement.classList.contains("dark"));
    button.hidden = false;
    say();
    button.addEventListener("click", () => {
      const on = show(!document.documentElement.classList.contains("dark"));
      store?.setItem("theme", on ? "dark" : "light");
      say();
    });
  });
})();
