// Asking.

/** The options that differ from what the service does anyway. */
function options() {
  const layers = chosenLayers();
  const isFirst = $("preset").value === state.presets[0]?.name;
  const hasArrays = roles.some((role) => isArray(files[role]?.file));
  const all = {
    preset: isFirst ? "" : $("preset").value,
    model: $("model").value,
    layers: layers.length ? layers : "",
    mask_polarity: files.mask ? $("polarity").value : "",
    layout: hasArrays ? $("layout").value : "",
    range: hasArrays ? $("range").value : "",
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

function post(extra = {}, init = {}) {
  const form = new FormData();
  for (const role of roles) if (files[role]) form.append(role, files[role].file);
  form.append("options", new Blob([JSON.stringify({ ...options(), ...extra })], { type: "application/json" }));
  return ask("v1/losses", { method: "POST", body: form, ...init, headers: { Accept: "application/json" } });
}

async function compare() {
  $("layers-chosen").textContent = chosenLayers().join(", ") || "those of the preset";
  state.request?.abort();
  state.heat.clear();
  showHeat();
  say();
  if (!state.info || !files.output || !files.target) {
    $("result").hidden = true;
    const missing = ["output", "target"].filter((role) => !files[role]);
    if (state.info && missing.length === 1) $("status").textContent = `Now the ${missing[0]}.`;
    return;
  }
  const request = new AbortController();
  state.request = request;
  $("status").textContent = "Comparing …";
  try {
    state.answer = await post({}, { signal: request.signal });
    say();
    show();
    $("status").textContent = `Compared: the total is ${number(state.answer.results[0].total)}.`;
  } catch (fault) {
    if (fault.name !== "AbortError") say(fault);
  }
}

/** Shows a fault, or that there is none. */
function say(fault) {
  $("error").hidden = !fault;
  $("error").textContent = fault?.message ?? "";
  $("status").textContent = "";
  if (fault) $("result").hidden = true;
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!state.info) return load();
  if (files.output && files.target) return compare();
  say(new Error("There are two images to compare: an output and a target."));
});
$("form").addEventListener("change", (event) => {
  if (event.target.type === "file") return;
  if (event.target === $("key")) return load();
  if (event.target === $("model")) showLayers();
  showPreset();
  compare();
});
$("layers-clear").addEventListener("click", () => {
  for (const box of document.querySelectorAll("#layer-boxes input")) box.checked = false;
  compare();
});
