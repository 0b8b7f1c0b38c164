// What the service has.

async function ask(path, init = {}) {
  const key = $("key").value.trim();
  const headers = { ...init.headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  let response;
  try {
    response = await fetch(path, { ...init, headers });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new Error("The service does not answer; is it still running?");
  }
  if (response.ok) return response.json();
  if (response.status === 401) $("key-label").hidden = false;
  const isProblem = response.headers.get("Content-Type")?.startsWith("application/problem+json");
  const detail = isProblem ? (await response.json()).detail : `Something on the way answered ${response.status} ${response.statusText}.`;
  throw Object.assign(new Error(detail), { status: response.status });
}

const models = () => state.info?.models ?? (state.info ? [state.info.model] : []);
const model = () => models().find((one) => one.name === $("model").value) ?? models()[0];
const preset = () => state.presets.find((one) => one.name === $("preset").value);

async function load() {
  try {
    [state.info, { presets: state.presets }] = await Promise.all([ask("v1/info"), ask("v1/presets")]);
  } catch (fault) {
    if (fault.status !== 503) return say(fault);
    $("status").textContent = fault.message;
    return setTimeout(load, 1000);
  }
  say();
  $("what").textContent = `${state.info.version} · ${models().map((one) => one.name).join(", ")}`;
  $("preset").replaceChildren(...state.presets.map((one) => new Option(label(one), one.name)));
  $("model").replaceChildren(new Option("as the preset says", ""), ...models().map((one) => new Option(one.name, one.name)));
  $("model-label").hidden = models().length < 2;
  showLayers();
  showPreset();
  compare();
}

function label({ name, network }) {
  const missing = network.architecture && !models().some((one) => one.architecture === network.architecture);
  return missing ? `${name} (needs ${network.architecture})` : name;
}

function showPreset() {
  const { summary = "", citation = "" } = preset() ?? {};
  $("about").textContent = citation ? `${summary} ${citation}.` : summary;
}

function showLayers() {
  const blocks = Map.groupBy
    ? Map.groupBy(model()?.layers ?? state.info.layers, (name) => name.match(/\d+/)?.[0])
    : new Map([["", model()?.layers ?? state.info.layers]]);
  $("layer-boxes").replaceChildren(...[...blocks.values()].map((names) => {
    const block = Object.assign(document.createElement("div"), { className: "block" });
    for (const name of names) {
      const box = Object.assign(document.createElement("input"), { type: "checkbox", value: name });
      const text = document.createElement("label");
      text.append(box, name);
      block.append(text);
    }
    return block;
  }));
}

const chosenLayers = () => [...document.querySelectorAll("#layer-boxes input:checked")].map((box) => box.value);
