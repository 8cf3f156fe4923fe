// What every page does. Everything works without it, only less comfortably.
"use strict";

// Who has logged out is not shown by going back what was there before.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted && document.querySelector("form[action=logout]")) location.reload();
});

// The server draws times and charts in the visitor's own zone, once it knows it.
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const base = new URL(document.baseURI).pathname;
  if (!zone || document.cookie.split("; ").includes(`xt211_zone=${encodeURIComponent(zone)}`)) return;
  document.cookie = `xt211_zone=${encodeURIComponent(zone)}; Path=${base}; SameSite=Strict; Max-Age=31536000`;
  // Not if cookies are refused: it would never end.
  if (document.cookie.includes("xt211_zone=") && document.querySelector("[data-zone]")) location.reload();
})();
