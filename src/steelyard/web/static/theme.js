// Before the first paint: the theme that was chosen here, if one was. Without a choice the system decides.
(() => {
  try {
    const chosen = localStorage.getItem("steelyard-theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage may be blocked: then the system decides.
  }
})();
