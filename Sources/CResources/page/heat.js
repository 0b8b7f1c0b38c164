// Where they differ.

/** Whether this service draws maps. */
const canMap = () => Boolean(state.info?.options?.includes("maps"));

/** What a picture over the output is of: a term at a layer, the gradient, or nothing. */
function wantedHeat(term, layer) {
  if (term) return { name: `${term}.${layer}`, request: { maps: [layer] }, text: `Where ${term} differs at ${layer}: bright is more.` };
  if (!canMap() || !$("gradient-heat").checked) return null;
  return {
    name: "gradient", request: { gradient: "output", maps: ["gradient"] },
    text: "Where a change of the output would change the total: bright is more.",
  };
}

/** Shows it; what was drawn once is kept, and layers of several terms come together. */
async function showHeat(term, layer, row) {
  const wanted = wantedHeat(term, layer);
  state.wanted = wanted?.name;
  for (const hot of document.querySelectorAll("tr.hot")) hot.classList.remove("hot");
  row?.classList.add("hot");
  if (!wanted) return hideHeat();
  const key = JSON.stringify(wanted.request);
  if (!state.heat.has(key)) state.heat.set(key, post(wanted.request));
  let shown;
  let { text } = wanted;
  try {
    const { results } = await state.heat.get(key);
    shown = results[Number($("pair").value) || 0].maps?.[wanted.name];
    if (!shown) text = `There is no map of ${term}: it compares sums over all positions.`;
  } catch (fault) {
    state.heat.delete(key);
    text = fault.message;
  }
  if (state.wanted !== wanted.name) return;
  $("heat").hidden = !shown;
  if (shown) $("heat").src = `data:image/png;base64,${shown.png}`;
  $("heat-text").textContent = text;
  $("heat-text").hidden = false;
}

function hideHeat() {
  $("heat").hidden = true;
  $("heat-text").hidden = true;
}

$("gradient-heat").addEventListener("change", () => showHeat());
