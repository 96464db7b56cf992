"use strict";
// What a browser adds to a page that is whole without it: a filter over cards, light or dark by choice, copying, and
// closed parts opened for a printer where the style alone cannot.
(() => {
  const root = document.documentElement;
  const make = (name, text, parent) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = name;
    made.textContent = text;
    return parent ? parent.appendChild(made) : made;
  };

  const words = (node) => node.textContent.toLowerCase().replace(/\s+/g, " ");
  for (const section of document.querySelectorAll("section[data-filter]")) {
    const form = section.querySelector(":scope > form.filter");
    if (!form) continue;
    const told = form.querySelector(".filter-told");
    const cards = [...section.querySelectorAll("[data-k]")].map((node) => ({
      node, text: null, is: new Set(node.dataset.k.split(" ")),
    }));
    const inner = [...section.querySelectorAll("section")].reverse();
    const groups = [...new Set([...form.elements].map((e) => e.name))].filter((n) => n && n !== "text");
    const sift = () => {
      const wanted = form.elements.namedItem("text").value.toLowerCase().split(/\s+/).filter(Boolean);
      const rules = [];
      for (const name of groups) {
        const boxes = [...form.elements].filter((e) => e.name === name);
        if (boxes[0].type === "checkbox") {
          const off = boxes.filter((b) => !b.checked).map((b) => b.value);
          if (off.length) rules.push((card) => !off.some((token) => card.is.has(token)));
        } else if (boxes[0].value) rules.push((card) => card.is.has(boxes[0].value));
      }
      let shown = 0;
      for (const card of cards) {
        let hit = rules.every((rule) => rule(card));
        if (hit && wanted.length) {
          card.text ??= `${words(card.node)} ${(card.node.dataset.q ?? "").toLowerCase()}`;
          hit = wanted.every((word) => card.text.includes(word));
        }
        if (card.node.hidden === hit) card.node.hidden = !hit;
        shown += hit;
      }
      const isSifted = shown < cards.length;
      for (const one of inner) {
        one.hidden = isSifted && one.querySelector("[data-k]") !== null && !one.querySelector("[data-k]:not([hidden])");
      }
      const [some, all] = [shown, cards.length].map((number) => number.toLocaleString("en"));
      told.textContent = isSifted ? `${some} of ${all} entries are shown.` : `All ${all} entries are shown.`;
    };
    let waiting = 0;
    form.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(sift, 120);
    });
    form.addEventListener("reset", () => setTimeout(sift));
    form.addEventListener("submit", (event) => event.preventDefault());
    // A link to a card that is sifted out must lead to it all the same.
    addEventListener("hashchange", () => {
      const aim = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (aim && section.contains(aim) && aim.closest("[hidden]")) {
        form.reset();
        setTimeout(() => aim.scrollIntoView(), 20);
      }
    });
    form.hidden = false;
  }

  const bar = document.querySelector(".bar") ?? document.body;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.scheme ?? (dark.matches ? "dark" : "light")) === "dark";
  const scheme = make("scheme", "", bar);
  const name = () => { scheme.textContent = isDark() ? "Light colours" : "Dark colours"; };
  scheme.addEventListener("click", () => { root.dataset.scheme = isDark() ? "light" : "dark"; name(); });
  dark.addEventListener("change", name);
  name();

  const copy = async (button, code) => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  // Thousands of buttons would cost more than they are worth: each comes when its code is near.
  const near = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      const button = make("copy", "Copy", target);
      button.addEventListener("click", () => copy(button, target.querySelector("code")));
    }
  }, { rootMargin: "600px" });
  for (const code of document.querySelectorAll(".code")) near.observe(code);

  if (!CSS.supports("selector(::details-content)")) {
    let opened = [];
    addEventListener("beforeprint", () => {
      opened = [...document.querySelectorAll("details:not([open])")];
      for (const one of opened) one.open = true;
    });
    addEventListener("afterprint", () => {
      for (const one of opened) one.open = false;
      opened = [];
    });
  }
})();
