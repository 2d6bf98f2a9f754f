// Adds what depends on the reader and the hour: their time zone, what is next, and copy buttons. Pages work without it.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const locale = document.body.dataset.locale;
  const formats = { calendar: "gregory", numberingSystem: "latn" };
  const format = (options) => {
    try {
      return new Intl.DateTimeFormat(locale, { ...formats, ...options });
    } catch {
      return new Intl.DateTimeFormat("en-GB", { ...formats, ...options });
    }
  };

  // The reader's own time, beside the circuit's.
  const clock = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const weekday = format({ weekday: "short", day: "numeric", month: "short" });
  const two = (number) => String(number).padStart(2, "0");
  const day = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  for (const cell of all("[data-yours]")) {
    const date = new Date(cell.dataset.yours);
    const time = document.createElement("time");
    time.dateTime = date.toISOString();
    const other = day(date) !== cell.dataset.day;
    time.textContent = clock.format(date) + (other ? ` ${weekday.format(date)}` : "");
    cell.classList.toggle("other-day", other);
    cell.append(time);
  }
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const head of all("[data-zone]")) {
    const name = document.createElement("span");
    name.className = "zone";
    name.textContent = zone.replaceAll("_", " ");
    head.append(" ", name);
  }
  for (const cell of all(".yours")) cell.hidden = false;

  // The next session of each list, and how long until then.
  const MINUTE = 60e3, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", numberingSystem: "latn" });
  const unit = (number, name) =>
    new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short", numberingSystem: "latn" }).format(number);
  const until = (wait, wholeDays) => {
    if (wholeDays) return relative.format(Math.ceil(wait / DAY), "day");
    const days = Math.floor(wait / DAY), hours = Math.floor((wait % DAY) / HOUR), minutes = Math.floor((wait % HOUR) / MINUTE);
    const seconds = Math.floor((wait % MINUTE) / 1e3);
    const parts = days ? [[days, "day"], [hours, "hour"]] : hours ? [[hours, "hour"], [minutes, "minute"]] : [[minutes, "minute"], [seconds, "second"]];
    return parts.filter(([number], index) => number || (!days && !hours && index)).map(([number, name]) => unit(number, name)).join(" ");
  };
  const lists = all("[data-upcoming]").map((list) => ({
    line: list.querySelector("[data-countdown]"),
    rows: all("[data-start]", list)
      .filter((row) => !("off" in row.dataset))
      .map((row) => ({
        row,
        start: Date.parse(row.dataset.start),
        end: Date.parse(row.dataset.end),
        wholeDays: "wholeDays" in row.dataset,
      }))
      .sort((one, other) => one.start - other.start),
  }));
  const tick = () => {
    const now = Date.now();
    for (const { line, rows } of lists) {
      const coming = rows.filter((one) => one.end > now);
      const [first] = coming;
      // On a day of which only the day is known, a session that has a time says more.
      const timed = coming.find((one) => !one.wholeDays && one.start < first.end);
      const next = first && first.wholeDays && first.start <= now && timed ? timed : first;
      for (const one of rows) {
        one.row.classList.toggle("next", next !== undefined && one.row.contains(next.row));
        one.row.classList.toggle("over", one.end <= now);
      }
      const fold = next?.row.closest(".meeting")?.querySelector("[data-open-next]");
      if (fold && !("opened" in fold.dataset)) {
        fold.dataset.opened = "";
        fold.open = true;
      }
      if (!line) continue;
      line.hidden = !next;
      if (!next) continue;
      const on = next.start <= now;
      const parts = [on ? line.dataset.now : line.dataset.next, next.row.dataset.name];
      if (!on) parts.push(until(next.start - now, next.wholeDays));
      const key = parts.join("\n");
      if (line.dataset.shown === key) continue;
      line.dataset.shown = key;
      line.replaceChildren(
        ...parts.map((text, index) => {
          const part = document.createElement(["span", "bdi", "strong"][index]);
          part.textContent = text;
          return part;
        }),
      );
    }
  };
  if (lists.length) {
    tick();
    setInterval(tick, 1000);
  }

  // The list of languages closes like a menu, and leads to the same place on the page.
  const languages = document.querySelector(".languages details");
  if (languages) {
    document.addEventListener("click", (event) => {
      if (!languages.contains(event.target)) languages.open = false;
    });
    languages.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      languages.open = false;
      languages.querySelector("summary").focus();
    });
    for (const link of all("a", languages)) link.addEventListener("click", () => { link.hash = location.hash; });
  }

  // Copy buttons.
  const status = document.querySelector("[role=status]");
  const said = (text) => {
    status.textContent = "";
    setTimeout(() => { status.textContent = text; }, 50);
  };
  for (const button of all("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        button.classList.add("done");
        setTimeout(() => button.classList.remove("done"), 2000);
        said(status.dataset.said);
      } catch {
        getSelection().selectAllChildren(button.previousElementSibling);
        said(status.dataset.failed);
      }
    });
  }
})();
