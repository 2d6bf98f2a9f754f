// Turns the list of all calendars into a choice: what, class, reminders, season. The page works without it.
"use strict";
(() => {
  const choices = document.querySelector("[data-choices]");
  if (!choices) return;
  const chosen = document.querySelector("[data-chosen]");
  const part = (name) => chosen.querySelector(`[data-${name}]`);
  const status = document.querySelector("[role=status]");
  // Every calendar is a row of the list: what it is, and where its links lead.
  const rows = [...document.querySelectorAll("tr[data-what]")];
  const kinds = ["what", "class", "reminders", "season"];
  const controls = kinds.flatMap((kind) => [...choices.querySelectorAll(`[name="${kind}"]`)]);
  const wanted = Object.fromEntries(kinds.map((kind) => [kind, rows[0].dataset[kind]]));
  // What was chosen last counts most.
  let order = kinds;

  const nearest = () => {
    const match = (row) => order.map((kind) => Number(row.dataset[kind] === wanted[kind])).join("");
    return rows.reduce((best, row) => (match(row) > match(best) ? row : best));
  };
  const show = () => {
    const row = nearest();
    const exact = kinds.every((kind) => row.dataset[kind] === wanted[kind]);
    for (const control of controls) {
      const value = row.dataset[control.name];
      if (control.type === "radio") control.checked = control.value === value;
      else control.value = value;
    }
    const said = choices.dataset[exact ? "shown" : "nearest"].replace("{calendar}", () => row.dataset.title);
    part("note").hidden = exact;
    part("title").textContent = row.dataset.title;
    part("about").textContent = row.dataset.about;
    const link = (way) => row.querySelector(`[data-way="${way}"]`).href;
    part("copy").dataset.copy = link("url");
    chosen.querySelector(".copyable code").textContent = link("url");
    for (const way of chosen.querySelectorAll("a[data-way]")) {
      way.href = way.dataset.way === "file" ? new URL(link("url")).pathname : link(way.dataset.way);
    }
    return [row, said];
  };
  // The choice is in the address of the page, so that it can be shared; other fragments are anchors.
  const restore = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    if (!given.has("what")) return false;
    for (const kind of kinds) wanted[kind] = given.get(kind) ?? "";
    order = kinds;
    return true;
  };

  choices.addEventListener("change", ({ target }) => {
    wanted[target.name] = target.value;
    order = [target.name, ...order.filter((kind) => kind !== target.name)];
    const [row, said] = show();
    const told = kinds.filter((kind) => row.dataset[kind]).map((kind) => [kind, row.dataset[kind]]);
    history.replaceState(history.state, "", `#${new URLSearchParams(told)}`);
    status.textContent = said;
  });
  addEventListener("hashchange", () => {
    if (restore()) status.textContent = show()[1];
  });
  restore();
  show();
  choices.hidden = false;
  document.querySelector("[data-unscripted]").hidden = true;
})();
