// Only adds to what works without it: live parts, keys, the menu of narrow screens.
"use strict";
(() => {
  const live = document.querySelectorAll("[data-live]");
  const age = (part, text) => {
    const at = part.querySelector("[data-age]");
    if (at) at.textContent = text;
  };
  const refresh = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { headers: { "X-Live": "1" }, cache: "no-store" });
      if (answer.redirected || answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of live) {
        const fresh = page.getElementById(part.id);
        // What someone is using is left alone.
        if (fresh && !part.contains(document.activeElement) && part.innerHTML !== fresh.innerHTML) {
          part.innerHTML = fresh.innerHTML;
        }
      }
    } catch {
      for (const part of live) age(part, part.dataset.lost);
    }
  };
  if (live.length) {
    setInterval(refresh, 2000);
    document.addEventListener("visibilitychange", refresh);
  }
  const menu = document.querySelector(".menu");
  if (menu) {
    menu.addEventListener("click", (event) => {
      event.preventDefault();
      const open = document.querySelector(".side").classList.toggle("open");
      menu.setAttribute("aria-expanded", String(open));
    });
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    const search = document.querySelector("input[type=search]");
    if (((event.key === "/" && !typing) || (event.key === "k" && (event.ctrlKey || event.metaKey))) && search) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "?" && !typing) {
      const help = document.querySelector(".help");
      if (help) help.open = !help.open;
    } else if (event.key === "Enter" && event.isComposing) {
      event.preventDefault();
    }
  });
})();
