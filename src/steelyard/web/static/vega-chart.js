// <vega-chart>: draws a Vega-Lite specification that this server keeps. Vega is loaded when the first chart comes near the
// view. Expressions are interpreted, never compiled, so that the page's policy needs no unsafe-eval; nothing in a
// specification may load or link to anything.
const loaded = new Map();

function script(address) {
  if (!loaded.has(address)) {
    loaded.set(address, new Promise((resolve, reject) => {
      const element = document.createElement("script");
      element.src = address;
      element.onload = resolve;
      element.onerror = () => reject(new Error("The chart library could not be loaded."));
      document.head.append(element);
    }));
  }
  return loaded.get(address);
}

async function library({ vega, vegaLite, interpreter }) {
  if (!vega || !vegaLite || !interpreter) throw new Error("This installation has no chart library; python hatch_build.py fetches it.");
  await script(vega);
  await script(vegaLite);
  return (await import(interpreter)).expressionInterpreter;
}

async function json(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`The chart's specification could not be read (${answer.status}).`);
  return answer.json();
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

const refuse = () => Promise.reject(new Error("A chart may not load anything."));
const closed = { load: refuse, sanitize: refuse, http: refuse, file: refuse };

// Shows a mark's values as text beside the pointer.
class Tooltip {
  constructor(host) {
    this.box = document.createElement("div");
    this.box.className = "chart-tip";
    this.box.hidden = true;
    this.host = host;
  }

  call(_handler, event, _item, value) {
    if (value === null || value === undefined || value === "") {
      this.box.hidden = true;
      return;
    }
    if (this.box.parentElement !== this.host) this.host.append(this.box);
    this.box.replaceChildren();
    const pairs = typeof value === "object" ? Object.entries(value) : [["", String(value)]];
    for (const [name, text] of pairs) {
      const line = document.createElement("div");
      if (name) line.append(Object.assign(document.createElement("span"), { textContent: `${name} ` }));
      line.append(Object.assign(document.createElement("b"), { textContent: String(text) }));
      this.box.append(line);
    }
    this.box.hidden = false;
    const frame = this.host.getBoundingClientRect();
    const x = event.clientX - frame.left;
    const left = x + 14 + this.box.offsetWidth > frame.width ? x - this.box.offsetWidth - 10 : x + 14;
    this.box.style.left = `${Math.max(0, left)}px`;
    this.box.style.top = `${event.clientY - frame.top + 12}px`;
  }
}

class VegaChart extends HTMLElement {
  connectedCallback() {
    this.redraw = () => this.view && this.draw();
    this.watcher = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) {
        this.watcher.disconnect();
        this.draw();
      }
    }, { rootMargin: "300px" });
    this.watcher.observe(this);
    document.addEventListener("themechange", this.redraw);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.addEventListener("change", this.redraw);
  }

  disconnectedCallback() {
    this.watcher.disconnect();
    document.removeEventListener("themechange", this.redraw);
    this.scheme.removeEventListener("change", this.redraw);
    this.view?.finalize();
  }

  async draw() {
    try {
      const [interpreter, stored, theme] = await Promise.all([
        library(this.dataset),
        json(this.dataset.spec),
        json(`/chart-theme/${isDark() ? "dark" : "light"}.json`),
      ]);
      await this.show(this.themed(stored, theme), interpreter);
      this.dataset.state = "drawn";
    } catch (error) {
      this.dataset.state = "failed";
      this.replaceChildren(Object.assign(document.createElement("p"), { className: "dim", textContent: error.message }));
    }
  }

  // Ours take the page's colours; a specification made elsewhere keeps its own looks on our paper.
  themed(spec, theme) {
    const size = spec.usermeta?.steelyard?.size;
    if (size && spec.width === "container") this.dataset.shape = spec.usermeta.steelyard.shape ?? "wide";
    return { ...spec, config: spec.usermeta?.steelyard ? theme : { background: theme.background, ...spec.config } };
  }

  async show(spec, interpreter) {
    const { vega, vegaLite } = globalThis;
    const isLite = !spec.$schema || String(spec.$schema).includes("vega-lite");
    const place = document.createElement("div");
    place.className = "chart-place";
    this.view?.finalize();
    this.replaceChildren(place);
    const logger = vega.logger(vega.Error);
    const compiled = isLite ? vegaLite.compile({ autosize: { type: "fit-x", contains: "padding" }, ...spec }, { logger }).spec : spec;
    const tip = new Tooltip(this);
    this.view = new vega.View(vega.parse(compiled, null, { ast: true }), {
      expr: interpreter, loader: closed, logger, renderer: "svg", container: place, hover: true,
      tooltip: (...told) => tip.call(...told),
    });
    await this.view.runAsync();
  }
}

customElements.define("vega-chart", VegaChart);
