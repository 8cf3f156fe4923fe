// Shows what the server has to tell as soon as it is there.
"use strict";

(() => {
  for (const region of document.querySelectorAll("[data-stream]")) {
    const source = new EventSource(region.dataset.stream);
    source.onmessage = ({ data }) => {
      const focused = document.activeElement;
      const isInside = region.contains(focused);
      // Nobody likes a form that changes while they are at it.
      if (isInside && focused.matches("input")) return;
      region.innerHTML = data;
      if (isInside && focused.id) document.getElementById(focused.id)?.focus();
    };
  }

  const began = Date.now();
  const tell = (span) => {
    const seconds = Math.floor((Date.now() - began) / 1000);
    const minutes = Math.floor(seconds / 60);
    span.textContent = minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
  };
  for (const span of document.querySelectorAll("[data-elapsed]")) {
    tell(span);
    span.closest("[hidden]")?.removeAttribute("hidden");
    setInterval(tell, 1000, span);
  }
})();
