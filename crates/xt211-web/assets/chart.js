// Shows what a chart says of the place that is pointed at, touched, or gone to with the arrow keys.
// Without it, browsers show the titles by themselves.
"use strict";

for (const chart of document.querySelectorAll("svg.chart")) {
  const marks = [...chart.querySelectorAll(".mark")];
  if (marks.length === 0) continue;
  // Else browsers show the title as well.
  const said = marks.map((mark) => {
    const title = mark.querySelector("title");
    title.remove();
    return title.textContent;
  });
  const places = marks.map((mark) => Number(mark.dataset.x) / 100);
  const figure = chart.parentElement;
  const tip = figure.appendChild(document.createElement("div"));
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  let at = -1;

  const hide = () => {
    marks[at]?.classList.remove("here");
    at = -1;
    tip.hidden = true;
  };
  const show = (index) => {
    if (index === at) return;
    marks[at]?.classList.remove("here");
    at = index;
    marks[at].classList.add("here");
    tip.textContent = said[at];
    tip.hidden = false;
    const box = chart.getBoundingClientRect();
    const around = figure.getBoundingClientRect();
    const x = box.left - around.left + places[at] * box.width;
    // Above the drawing, so that all of that is seen.
    const left = x - tip.offsetWidth / 2;
    tip.style.left = `${Math.max(0, Math.min(left, around.width - tip.offsetWidth))}px`;
    tip.style.top = `${box.top - around.top + 8 - tip.offsetHeight}px`;
  };
  const nearest = (event) => {
    const box = chart.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    let best = 0;
    places.forEach((place, index) => {
      if (Math.abs(place - x) < Math.abs(places[best] - x)) best = index;
    });
    show(best);
  };

  chart.addEventListener("pointermove", nearest);
  chart.addEventListener("pointerdown", nearest);
  chart.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse") hide();
  });
  chart.addEventListener("blur", hide);
  chart.addEventListener("keydown", (event) => {
    const last = marks.length - 1;
    const steps = { ArrowLeft: Math.max(at - 1, 0), ArrowRight: Math.min(at + 1, last), Home: 0, End: last };
    if (event.key === "Escape") hide();
    else if (event.key in steps) show(steps[event.key]);
    else return;
    event.preventDefault();
  });
}

// A meter is shown as soon as it is chosen.
document.querySelector(".choose select")?.addEventListener("change", (event) => event.target.form.requestSubmit());
