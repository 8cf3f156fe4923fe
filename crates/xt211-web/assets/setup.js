// Shows what the server has to tell as soon as it is there.
"use strict";

(() => {
  // What is being sent stays as it is; why it was refused is still said.
  const keep = (form) => {
    const fresh = document.getElementById(form.id);
    if (!fresh) return;
    if (form.querySelector("button:disabled")) return fresh.replaceWith(form);
    for (const notice of form.querySelectorAll(".notice")) {
      // It was read out once.
      notice.removeAttribute("role");
      fresh.append(notice);
    }
  };

  for (const region of document.querySelectorAll("[data-stream]")) {
    const source = new EventSource(region.dataset.stream);
    let shown = "";
    source.onmessage = ({ data }) => {
      if (data === shown) return;
      const focused = document.activeElement;
      const isInside = region.contains(focused);
      const before = [...region.querySelectorAll("form")];
      region.innerHTML = shown = data;
      before.forEach(keep);
      const count = region.querySelectorAll("li").length;
      document.getElementById(region.dataset.count).textContent = count ? `${count} found` : "";
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
