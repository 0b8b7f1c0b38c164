// Where they differ.

/** Whether the service draws maps: of layers, or of the gradient. */
const canMap = (what = "layers") => Boolean(state.info?.maps?.includes(what));

/** The heat map of a term at a layer over the output, or none; what was drawn once is kept. */
async function showHeat(term, layer, row) {
  const wanted = term ? `${term}.${layer}` : $("gradient-heat").checked && canMap("gradient") ? "gradient" : null;
  state.wanted = wanted;
  for (const hot of document.querySelectorAll("tr.hot")) hot.classList.remove("hot");
  row?.classList.add("hot");
  if (!wanted) { $("heat").hidden = true; $("heat-text").hidden = true; return; }
  if (!state.heat.has(wanted)) state.heat.set(wanted, post({ maps: [wanted] }));
  let text;
  try {
    const { results } = await state.heat.get(wanted);
    const png = results[Number($("pair").value) || 0].maps?.[wanted]?.png;
    if (state.wanted !== wanted) return;
    $("heat").hidden = !png;
    if (png) $("heat").src = `data:image/png;base64,${png}`;
    text = wanted === "gradient" ? "Where a change of the output would change the total most." : `Where ${term} differs at ${layer}.`;
  } catch (fault) {
    state.heat.delete(wanted);
    if (state.wanted !== wanted) return;
    $("heat").hidden = true;
    text = fault.message;
  }
  $("heat-text").textContent = text;
  $("heat-text").hidden = false;
}
$("gradient-heat").addEventListener("change", () => showHeat());
