// Keeps what a page shows fresh, in place: whatever has an id and the attribute data-live.
// Without it, the page is as fresh as when it was loaded.
"use strict";

(() => {
  const words = (seconds) => {
    for (const [length, name] of [[86400, "day"], [3600, "hour"], [60, "minute"]]) {
      const count = Math.floor(seconds / length);
      if (count > 0) return `${count} ${name}${count === 1 ? "" : "s"} ago`;
    }
    return "just now";
  };
  // The clock of the server counts, not ours.
  let ahead = 0;
  const ages = () => {
    for (const time of document.querySelectorAll("time[data-age]")) {
      const text = words((Date.now() + ahead - Date.parse(time.dateTime)) / 1000);
      if (time.textContent !== text) time.textContent = text;
    }
  };
  setInterval(ages, 10000);

  if (!document.querySelector("[data-live]")) return;

  // Makes one tree like another, and leaves alone what is alike, so that what has the focus, is
  // selected, open or scrolled stays so.
  const key = (node) => (node.nodeType === Node.ELEMENT_NODE && node.id ? node.id : null);
  const alike = (one, other) =>
    one.nodeType === other.nodeType && one.nodeName === other.nodeName && key(one) === key(other);
  const become = (old, fresh) => {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) {
        old.nodeValue = fresh.nodeValue;
        if (old.parentElement && old.parentElement.closest("dd")) {
          const value = old.parentElement.closest("dd");
          value.classList.remove("fresh");
          void value.offsetWidth;
          value.classList.add("fresh");
        }
      }
      return;
    }
    // Whether it is open is the visitor's choice.
    const own = (name) => name === "open" && old.nodeName === "DETAILS";
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !own(name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value && !own(name)) old.setAttribute(name, value);
    }
    const known = new Map();
    for (const child of old.children) if (child.id) known.set(child.id, child);
    let at = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      const same = key(child) && known.get(child.id);
      if (same && same !== at) old.insertBefore(same, at);
      const here = same || at;
      if (here && alike(here, child)) {
        become(here, child);
        at = here.nextSibling;
      } else {
        old.insertBefore(document.importNode(child, true), at);
      }
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  };

  const state = document.getElementById("live-state");
  const say = (text) => {
    if (state && state.textContent !== text) state.textContent = text;
  };
  const pause = document.getElementById("live-pause");
  let wanted = false;
  let busy = false;

  const look = async () => {
    wanted = true;
    if (busy || document.hidden || (pause && pause.checked)) return;
    busy = true;
    wanted = false;
    const began = performance.now();
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "error" });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        ahead = Date.parse(answer.headers.get("date")) - Date.now() || 0;
        for (const part of fresh.querySelectorAll("[data-live][id]")) {
          const here = document.getElementById(part.id);
          if (here && !here.isEqualNode(part)) become(here, part);
        }
        ages();
        say("");
      } else {
        say(answer.status === 401 ? "No longer logged in: load the page again." : "");
      }
    } catch {
      say("The bridge does not answer. What is shown may be old.");
    }
    // A server that needs long for it is not asked all the time.
    const rest = Math.max(1000, 10 * (performance.now() - began));
    setTimeout(() => {
      busy = false;
      if (wanted) look();
    }, rest);
  };

  let last = Date.now();
  const listen = () => {
    const events = new EventSource("events");
    const alive = () => { last = Date.now(); };
    events.addEventListener("open", () => { alive(); look(); });
    events.addEventListener("look", () => { alive(); look(); });
    events.addEventListener("error", () => {
      if (events.readyState !== EventSource.CLOSED) return;
      // It was refused: too many are open, or the session has ended.
      setTimeout(listen, 30000);
    });
    addEventListener("pagehide", () => events.close(), { once: true });
  };
  listen();
  addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  if (pause) pause.addEventListener("change", () => { if (!pause.checked) look(); });
  // What is between us may hold events back: the page is right all the same, only later.
  setInterval(() => { if (Date.now() - last > 60000) { last = Date.now(); look(); } }, 5000);
})();
