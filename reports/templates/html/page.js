"use strict";
// What a browser adds to a page that is whole without it: a filter over the findings, and closed parts opened for print.
(() => {
  const form = document.getElementById("filter");
  const told = document.getElementById("filter-told");
  if (form) {
    const groups = [...document.querySelectorAll(".finding")].map((node) => ({
      node,
      severity: node.dataset.severity,
      element: node.dataset.element,
      head: null,
      details: node.querySelector("details.where"),
      places: [...node.querySelectorAll(".place")].map((place) => ({
        node: place,
        waived: place.dataset.status === "waived",
        fresh: place.dataset.new === "yes",
        text: null,
      })),
    }));
    const total = groups.reduce((sum, group) => sum + group.places.length, 0);
    const words = (node) => node.textContent.toLowerCase().replace(/\s+/g, " ");
    const says = (group, place, wanted) => {
      if (!wanted.length) return true;
      group.head ??= words(group.node.querySelector(".finding-title"));
      place.text ??= `${group.head} ${words(place.node)}`;
      return wanted.every((word) => place.text.includes(word));
    };
    const isOf = { all: () => true, open: (p) => !p.waived, waived: (p) => p.waived, new: (p) => p.fresh };
    const sift = () => {
      const severities = new Set([...form.querySelectorAll("[name=severity]:checked")].map((box) => box.value));
      const element = form.elements.namedItem("element").value;
      const status = isOf[form.elements.namedItem("status").value];
      const wanted = form.elements.namedItem("text").value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const group of groups) {
        const fits = severities.has(group.severity) && (!element || element === group.element);
        let hits = 0;
        for (const place of group.places) {
          const hit = fits && status(place) && says(group, place, wanted);
          if (place.node.hidden === hit) place.node.hidden = !hit;
          hits += hit;
        }
        if (group.node.hidden === hits > 0) group.node.hidden = !hits;
        if (group.details && wanted.length && hits && hits <= 10) group.details.open = true;
        shown += hits;
      }
      const [some, all] = [shown, total].map((number) => number.toLocaleString("en"));
      told.textContent = shown === total ? `All ${all} findings are shown.` : `${some} of ${all} findings are shown.`;
    };
    let waiting = 0;
    form.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(sift, 120);
    });
    form.addEventListener("reset", () => setTimeout(sift));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    sift();
  }
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
    opened = [];
  });
})();
