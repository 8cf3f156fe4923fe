// Sends forms without leaving the page, so that what was entered is still there if something is
// wrong with it: secrets too, which the server never sends back.
"use strict";

(() => {
  const restore = (from, to) => {
    for (const input of from.querySelectorAll("input[type=password]")) {
      const same = to.querySelector(`[name="${CSS.escape(input.name)}"]`);
      if (!same || !input.value) continue;
      same.value = input.value;
      same.closest(".field").querySelector(".lost")?.remove();
    }
    const opened = from.querySelectorAll("details");
    to.querySelectorAll("details").forEach((details, at) => { details.open ||= opened[at]?.open; });
  };

  const go = (address) => {
    const [page] = address.split("#");
    const [here] = location.href.split("#");
    // Going where one is would only scroll.
    if (page === here) location.reload();
    else location.assign(address);
  };

  // What is wrong, in a form that the answer does not have: a meter that was heard meanwhile.
  const tell = (form, button, page) => {
    const messages = page.querySelectorAll("main [role=alert], main .error:not(.lost)");
    if (!form.dataset.replaces || !messages.length) {
      document.querySelector("main").replaceWith(page.querySelector("main"));
      return;
    }
    form.querySelectorAll(".notice").forEach((notice) => notice.remove());
    for (const { textContent } of messages) {
      const notice = document.createElement("p");
      notice.className = "notice bad";
      notice.role = "alert";
      notice.textContent = textContent;
      form.append(notice);
    }
    for (const it of form.querySelectorAll("button")) it.disabled = false;
    if (button) button.replaceChildren(...button.label);
    button?.focus();
  };

  const show = (form, button, page) => {
    const answer = page.getElementById(form.id);
    if (!answer) return tell(form, button, page);
    restore(form, answer);
    form.replaceWith(answer);
    const wrong = answer.querySelector("[aria-invalid]");
    (wrong ?? answer.querySelector(`button[value="${button?.value}"]`))?.focus();
  };

  const send = async (form, button) => {
    const body = new URLSearchParams(new FormData(form, button));
    const response = await fetch(form.action, { method: "POST", body });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (!response.redirected) return show(form, button, page);
    const parts = form.dataset.replaces?.split(" ");
    if (!parts) return go(response.url + new URL(form.action).hash);
    for (const part of parts) document.getElementById(part).replaceWith(page.getElementById(part));
    const after = document.createElement("p");
    after.className = "sign good";
    after.textContent = form.dataset.after;
    form.replaceWith(after);
    document.querySelector(`#${parts[0]} .button`)?.focus();
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-in-place]")) return;
    event.preventDefault();
    const button = event.submitter;
    if (button) button.label = [...button.childNodes];
    const sending = send(form, button);
    for (const it of form.querySelectorAll("button")) it.disabled = true;
    if (button?.dataset.busy) button.textContent = button.dataset.busy;
    try {
      await sending;
    } catch {
      const notice = document.createElement("p");
      notice.className = "notice bad";
      notice.role = "alert";
      notice.textContent = "No answer came. Is the bridge running, and its page still at this address?";
      form.append(notice);
      for (const it of form.querySelectorAll("button")) it.disabled = false;
      if (button) button.replaceChildren(...button.label);
    }
  });
})();
