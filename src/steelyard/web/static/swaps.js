// What happens around a swap: empty fields stay out of the address, and the result is announced.

document.addEventListener("htmx:configRequest", (event) => {
  const form = event.detail.parameters;
  for (const name of new Set(form.keys ? [...form.keys()] : Object.keys(form))) {
    const values = [form[name]].flat().filter((value) => value !== "" && value !== undefined);
    if (values.length === 0) delete form[name];
    else form[name] = values.length === 1 ? values[0] : values;
  }
});

export function announce(text) {
  const region = document.getElementById("announce");
  if (region) region.textContent = text;
}

document.addEventListener("htmx:afterSettle", (event) => {
  const problem = event.target.querySelector?.("[role=alert]");
  const said = problem ?? event.target.querySelector?.("[data-announce]");
  if (said) announce(said.textContent.trim());
});
