// Showing.

/** Six digits, as many as a loss in single precision can be trusted for. */
function number(value) {
  const size = Math.abs(value);
  return value === 0 ? "0" : size >= 1e-4 && size < 1e7 ? String(Number(value.toPrecision(6))) : value.toExponential(4);
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const isTerm = ([, value]) => typeof value === "object" && value !== null && "loss" in value && "weight" in value;

function show() {
  const { results, warnings, timings_ms: timings, model: used } = state.answer;
  $("pair").replaceChildren(...results.map((_, index) => new Option(index + 1, index)));
  $("sample-label").hidden = results.length < 2;
  $("warnings").replaceChildren(...warnings.map(({ detail }) => make("li", { textContent: detail })));
  $("timing").textContent = `${used.name}, ${timings.total.toFixed(0)} ms, of that ${timings.queue.toFixed(0)} ms waiting`;
  showNumbers();
  showPictures();
  showRecipe();
  $("result").hidden = false;
}

function showNumbers() {
  const result = state.answer.results[Number($("pair").value) || 0];
  $("total").textContent = number(result.total);
  $("total").title = String(result.total);
  $("total").dataset.value = result.total;
  $("terms").replaceChildren(...Object.entries(result).filter(isTerm).map(([key, term]) => showTerm(key, term, result.total)));
}

function showTerm(key, { loss, weight, layers }, total) {
  const share = total > 0 ? ` · ${((100 * weight * loss) / total).toFixed(1)} % of the total` : "";
  const heading = make("h3", {}, key, make("b", { textContent: number(weight * loss) }),
    make("small", { textContent: `${number(loss)} × ${number(weight)}${share}`, title: `${loss} × ${weight}` }));
  const term = make("div", { className: "term" }, heading);
  term.dataset.term = key;
  if (!layers) return term;
  const largest = Math.max(...Object.values(layers));
  const body = make("tbody");
  for (const [name, value] of Object.entries(layers)) {
    const bar = make("span", { className: "bar" });
    bar.style.width = `${largest > 0 ? (100 * value) / largest : 0}%`;
    const row = make("tr", {}, make("th", { scope: "row" }, canMap() ? make("button", { type: "button", textContent: name }) : name),
      make("td", { ariaHidden: "true" }, bar), make("td", { textContent: number(value), title: String(value) }));
    Object.assign(row.dataset, { layer: name, value });
    if (canMap()) {
      row.addEventListener("pointerenter", () => showHeat(key, name, row));
      row.addEventListener("focusin", () => showHeat(key, name, row));
      row.addEventListener("pointerleave", () => showHeat());
      row.addEventListener("focusout", () => showHeat());
    }
    body.append(row);
  }
  term.append(make("table", {}, make("caption", { className: "visually-hidden", textContent: `Losses of ${key} by layer` }), body));
  return term;
}

function showPictures() {
  for (const role of ["output", "target"]) {
    // The same address again would be loaded again, and the page would jump.
    if ($(`${role}-image`).src !== files[role].url) $(`${role}-image`).src = files[role].url;
  }
  const arrays = ["output", "target"].some((role) => isArray(files[role].file));
  for (const figure of document.querySelectorAll("#stage figure")) figure.hidden = arrays;
  for (const id of ["at", "flip"]) $(id).hidden = arrays;
  $("no-picture").hidden = !arrays;
  $("heat-label").hidden = !canMap();
}

$("output-image").addEventListener("load", ({ target }) => $("stage").classList.toggle("enlarged", target.naturalWidth < 200));
$("pair").addEventListener("change", () => { showNumbers(); showHeat(); });
$("at").addEventListener("input", () => $("stage").style.setProperty("--at", `${$("at").value}%`));
$("flip").addEventListener("click", () => {
  const isTarget = $("stage").classList.toggle("flipped");
  $("flip").setAttribute("aria-pressed", isTarget);
  $("flip").firstElementChild.textContent = isTarget ? "Target" : "Output";
});
for (const radio of document.querySelectorAll("[name=view]")) {
  radio.addEventListener("change", () => { $("stage").dataset.view = radio.value; });
}
