// Only adds to what works without it: live parts, keys, the menu of narrow screens, a guard for
// forms that were begun.
"use strict";
(() => {
  const EVERY_MS = 2000;
  const one = (selector) => document.querySelector(selector);
  const live = [...document.querySelectorAll("[data-live]")];
  const main = one("#main");

  // What somebody reads aloud, selects or has focused is not taken away.
  const inUse = (part) => {
    const chosen = getSelection();
    const selects = chosen && !chosen.isCollapsed && part.contains(chosen.anchorNode);
    return part.contains(document.activeElement) || selects;
  };
  const age = one("#age");
  const setLost = (lost) => {
    if (!age) return;
    age.classList.toggle("lost", lost);
    if (lost) age.querySelector("[data-age]").textContent = age.dataset.lost;
  };
  // A page that costs the server much asks less often.
  let timer = 0;
  const later = (took) => {
    clearTimeout(timer);
    timer = setTimeout(refresh, Math.min(Math.max(EVERY_MS, took * 15), 30000));
  };
  let asking = false;
  const refresh = async () => {
    if (document.hidden || asking) return;
    asking = true;
    const begun = performance.now();
    try {
      const answer = await fetch(location.href, {
        headers: { "X-Live": main.dataset.view },
        cache: "no-store",
        redirect: "manual",
        signal: AbortSignal.timeout(10000),
      });
      if (answer.type === "opaqueredirect" || answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of live) {
        const fresh = page.getElementById(part.id);
        if (!fresh) continue;
        if (part === age) {
          part.querySelector("[data-age]").textContent =
            fresh.querySelector("[data-age]").textContent;
        } else if (!inUse(part) && part.innerHTML !== fresh.innerHTML) {
          part.innerHTML = fresh.innerHTML;
        }
      }
      setLost(false);
    } catch {
      setLost(true);
    } finally {
      asking = false;
      later(performance.now() - begun);
    }
  };
  if (live.length && main) {
    for (const note of document.querySelectorAll(".only-script")) note.hidden = false;
    later(0);
    document.addEventListener("visibilitychange", refresh);
  }

  const menu = one("#menu");
  if (menu) {
    const toggle = (event) => {
      event.preventDefault();
      const open = one(".side").classList.toggle("open");
      menu.setAttribute("aria-expanded", String(open));
    };
    menu.addEventListener("click", toggle);
    menu.addEventListener("keydown", (event) => {
      if (event.key === " ") toggle(event);
    });
  }

  // Menus that open over the page close again.
  const menus = [...document.querySelectorAll("details.me, details.columns-choice")];
  document.addEventListener("click", (event) => {
    for (const open of menus) if (open.open && !open.contains(event.target)) open.open = false;
  });

  // One box ticks all others of its table.
  for (const all of document.querySelectorAll("[data-all]")) {
    all.hidden = false;
    all.addEventListener("change", () => {
      for (const box of all.closest("table").querySelectorAll("tbody input[type=checkbox]")) {
        box.checked = all.checked;
      }
    });
  }

  const go = (field) => {
    if (!field) return false;
    field.focus();
    field.select();
    return true;
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.isComposing) return event.preventDefault();
    const typing = event.target.closest("input, select, textarea");
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
      if (go(one("[data-jump]"))) event.preventDefault();
    } else if (event.key === "/" && !typing) {
      if (go(one("main input[type=search]") || one("[data-jump]"))) event.preventDefault();
    } else if (event.key === "?" && !typing) {
      const help = one(".help");
      if (help) help.open = !help.open;
    } else if (event.key === "Escape") {
      for (const open of menus.filter((each) => each.open)) {
        open.open = false;
        open.querySelector("summary").focus();
      }
    }
  });

  // Leaving a form that was begun asks first.
  for (const form of document.querySelectorAll("form[data-guard]")) {
    let begun = false;
    form.addEventListener("input", () => { begun = true; });
    form.addEventListener("submit", () => { begun = false; });
    addEventListener("beforeunload", (event) => {
      if (begun) event.preventDefault();
    });
  }
})();
