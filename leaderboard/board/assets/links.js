// The address holds what the table shows: links within the page leave it alone, and a button copies it.
board.links = (link) => {
  "use strict";
  const HUB = "https://huggingface.co";
  const framed = window.parent !== window;
  document.addEventListener("click", (event) => {
    const anchor = event.target.closest('a[href^="#"]'), place = anchor && document.getElementById(anchor.hash.slice(1));
    if (!place || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    place.tabIndex = -1;
    place.focus({ preventScroll: true });
    place.scrollIntoView();
  });

  const copy = document.getElementById("copy"), said = document.getElementById("copied");
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(link());
      said.textContent = framed ? "Copied: it opens the board without this frame." : "Copied.";
    } catch {
      // A frame may not be allowed to copy, and a server without encryption is not.
      const field = board.node("input", [], { readonly: "", value: link(), "aria-label": "Link" });
      said.replaceChildren("Not allowed here; this is the link: ", field);
      field.select();
    }
  });

  // The page around a static Space takes a fragment over, and gives it back when it is opened.
  const around = framed ? (location.ancestorOrigins?.[0] ?? document.referrer) : "";
  const hub = new RegExp(`^${HUB}(/|$)`).test(around);
  return (fragment) => {
    said.replaceChildren();
    history.replaceState(null, "", fragment);
    if (hub) window.parent.postMessage({ hash: fragment }, HUB);
  };
};
